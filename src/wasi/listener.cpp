#include "wasi/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/printable.hpp"

namespace wrun::wasi {
namespace {

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::optional<Address> parse(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto port = parse_port(std::string_view(text).substr(colon + 1));
  if (!port) return std::nullopt;
  Address address;
  if (text.starts_with('[') && colon >= 2 && text[colon - 1] == ']') {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(*port);
    address.size = sizeof *v6;
    if (::inet_pton(AF_INET6, text.substr(1, colon - 2).c_str(), &v6->sin6_addr) != 1)
      return std::nullopt;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(*port);
    address.size = sizeof *v4;
    if (::inet_pton(AF_INET, text.substr(0, colon).c_str(), &v4->sin_addr) != 1)
      return std::nullopt;
  }
  return address;
}

}  // namespace

Result<UniqueFd> listen_on(const std::string& text) {
  const auto address = parse(text);
  if (!address)
    return fail(Error::Kind::Usage, "'" + printable(text) +
                                        "' is not an address to listen on, such as 127.0.0.1:8080 "
                                        "or [::1]:8080");
  UniqueFd fd = keep_off_standard_streams(
      ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // A port that an earlier run has just left can be used again.
  constexpr int kOn = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0)
    return fail(Error::Kind::Io,
                "cannot listen on '" + printable(text) + "': " + std::strerror(errno));
  return fd;
}

}  // namespace wrun::wasi
