#include "wasi/errno.hpp"

#include <cerrno>

namespace wrun::wasi {

// A switch, so that the compiler refuses two rows with one host number.
Errno from_host(int host_errno) {
  switch (host_errno) {
#define WRUN_ERRNO(id, number, host) \
  case host: return Errno::id;
#include "wasi/errno.def"
#undef WRUN_ERRNO
    case 0:  return Errno::Success;
    default: return Errno::Io;
  }
}

std::string_view errno_name(Errno error) {
  switch (error) {
    case Errno::Success:    return "ESUCCESS";
    case Errno::Notcapable: return "ENOTCAPABLE";
#define WRUN_ERRNO(id, number, host) \
  case Errno::id: return #host;
#include "wasi/errno.def"
#undef WRUN_ERRNO
  }
  return "E?";
}

}  // namespace wrun::wasi
