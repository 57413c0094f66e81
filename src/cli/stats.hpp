// `--stats`: where the time and the memory went.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/run_options.hpp"

namespace wrun::cli {

using Nanoseconds = std::chrono::nanoseconds;

struct Stats {
  Nanoseconds read{};
  Nanoseconds compile{};      // decoding and validating, preloaded modules included
  Nanoseconds instantiate{};  // linking, WASI and start functions included
  Nanoseconds run{};
  uint64_t module_bytes = 0;
  uint64_t guest_memory_bytes = 0;  // most that all linear memories held
  std::optional<uint64_t> fuel_used;
};

// Adds the time between construction and destruction to a total.
class Stopwatch {
 public:
  explicit Stopwatch(Nanoseconds& total) : total_(total), start_(Clock::now()) {}
  ~Stopwatch() { total_ += Clock::now() - start_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  Nanoseconds& total_;
  Clock::time_point start_;
};

std::string format_stats(const Stats& stats, StatsFormat format);

}  // namespace wrun::cli
