// Error numbers as guests see them, and the one place where the host's become theirs.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

namespace wrun::wasi {

enum class Errno : uint16_t {
  Success = 0,
#define WRUN_ERRNO(id, number, host) id = number,
#include "wasi/errno.def"
#undef WRUN_ERRNO
  Notcapable = 76,  // no host knows this one
};

template <class T>
using Expected = std::expected<T, Errno>;

// A host error without a counterpart becomes Errno::Io.
Errno from_host(int host_errno);

// The POSIX name: "ENOENT".
std::string_view errno_name(Errno error);

// Converts to whichever of Errno and Expected<T> the enclosing function returns.
struct TryError {
  Errno error;
  operator Errno() const { return error; }  // NOLINT
  template <class T>
  operator std::expected<T, Errno>() const {  // NOLINT
    return std::unexpected(error);
  }
};

inline TryError try_error(Errno error) { return {error}; }

}  // namespace wrun::wasi

// Evaluates to the value of an Expected, or returns its errno from the enclosing function.
#define WRUN_WASI_TRY(expr)                                    \
  ({                                                           \
    auto wrun_try_result = (expr);                             \
    if (!wrun_try_result) [[unlikely]]                         \
      return ::wrun::wasi::try_error(wrun_try_result.error()); \
    *std::move(wrun_try_result);                               \
  })

// The same for an expression of type Errno, as a statement.
#define WRUN_WASI_CHECK(expr)                                        \
  do {                                                               \
    const ::wrun::wasi::Errno wrun_try_error = (expr);               \
    if (wrun_try_error != ::wrun::wasi::Errno::Success) [[unlikely]] \
      return ::wrun::wasi::try_error(wrun_try_error);                \
  } while (false)
