// Errors as values. A fallible function returns Result<T>; nothing in src/ throws.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "wrun/error.hpp"

namespace wrun {

inline std::unexpected<Error> fail_at(Error::Kind kind, uint64_t offset, std::string message) {
  return std::unexpected(Error{kind, std::move(message), offset, {}});
}

}  // namespace wrun

// Evaluates to the value of a Result, or returns its error from the enclosing function.
#define WRUN_TRY(expr)                                            \
  ({                                                              \
    auto wrun_try_result = (expr);                                \
    if (!wrun_try_result) [[unlikely]]                            \
      return std::unexpected(std::move(wrun_try_result).error()); \
    *std::move(wrun_try_result);                                  \
  })

// The same for Result<void>, as a statement.
#define WRUN_CHECK_OK(expr)                                       \
  do {                                                            \
    auto wrun_try_result = (expr);                                \
    if (!wrun_try_result) [[unlikely]]                            \
      return std::unexpected(std::move(wrun_try_result).error()); \
  } while (false)
