// WASI preview 1 for a guest: what it may see and touch of the host. Nothing is granted that the
// configuration does not name.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wrun/error.hpp"

namespace wrun {

namespace detail {
struct WasiState;
}

struct WasiConfig {
  struct Directory {
    std::string host;   // a directory of the host
    std::string guest;  // what the guest calls it
    bool read_only = false;
  };
  std::vector<std::string> arguments;    // the first is the program's name
  std::vector<std::string> environment;  // "NAME=value"
  std::vector<Directory> directories;    // file descriptors 3, 4, … in this order
  // Host descriptors for the guest's 0, 1 and 2; borrowed.
  std::array<int, 3> stdio = {0, 1, 2};
};

// A handle, cheap to copy; used by the thread of the store it is linked into, and by one store only.
class Wasi {
 public:
  // Opens the directories. Fails with Kind::Io, naming the directory.
  static Result<Wasi> create(const WasiConfig& config);

  // The last path that the guest asked for and that lies outside of what it was granted.
  std::optional<std::string> last_refused() const;

 private:
  friend struct Access;
  explicit Wasi(std::shared_ptr<detail::WasiState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::WasiState> state_;
};

}  // namespace wrun
