// Checks for bugs of our own. WRUN_ASSERT is for debug builds, WRUN_CHECK guards the sandbox and
// stays in every build.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace wrun {
[[noreturn, gnu::cold, gnu::noinline]] inline void assertion_failed(const char* what,
                                                                    const char* file, int line) {
  std::fprintf(stderr, "wrun: internal error: %s (%s:%d)\n", what, file, line);
  std::abort();
}
}  // namespace wrun

#define WRUN_CHECK(condition) \
  ((condition) ? void(0) : ::wrun::assertion_failed(#condition, __FILE__, __LINE__))
#define WRUN_UNREACHABLE() ::wrun::assertion_failed("unreachable", __FILE__, __LINE__)

#ifdef NDEBUG
#define WRUN_ASSERT(condition) void(0)
#else
#define WRUN_ASSERT(condition) WRUN_CHECK(condition)
#endif
