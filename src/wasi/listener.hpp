// Sockets that a guest is given to accept connections on.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace wrun::wasi {

// Listens on `address`: "127.0.0.1:8080", "[::1]:8080". Names are not looked up. Fails with Kind::Usage
// for anything else, and with Kind::Io if the host refuses.
Result<UniqueFd> listen_on(const std::string& address);

}  // namespace wrun::wasi
