// Preview 1 counts time in unsigned nanoseconds, for dates from 1970 on.
#pragma once

#include <time.h>

#include <cstdint>

namespace wrun::wasi {

inline constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

// Dates that cannot be expressed become the nearest that can.
inline uint64_t to_nanoseconds(const timespec& time) {
  if (time.tv_sec < 0) return 0;
  uint64_t result = 0;
  if (__builtin_mul_overflow(static_cast<uint64_t>(time.tv_sec), kNanosecondsPerSecond, &result) ||
      __builtin_add_overflow(result, static_cast<uint64_t>(time.tv_nsec), &result))
    return UINT64_MAX;
  return result;
}

inline timespec to_timespec(uint64_t nanoseconds) {
  timespec time = {};
  time.tv_sec = static_cast<time_t>(nanoseconds / kNanosecondsPerSecond);
  time.tv_nsec = static_cast<long>(nanoseconds % kNanosecondsPerSecond);
  return time;
}

}  // namespace wrun::wasi
