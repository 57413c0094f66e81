#include "cli/stats.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include "cli/json.hpp"

namespace wrun::cli {
namespace {

double milliseconds(Nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double mebibytes(uint64_t bytes) { return static_cast<double>(bytes) / 0x1p20; }

// The most that the whole process held in memory.
uint64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

std::string json_stats(const Stats& stats) {
  JsonWriter json;
  json.begin_object();
  json.member("module_bytes", stats.module_bytes);
  json.member("read_ms", milliseconds(stats.read));
  json.member("compile_ms", milliseconds(stats.compile));
  json.member("instantiate_ms", milliseconds(stats.instantiate));
  json.member("run_ms", milliseconds(stats.run));
  json.member("guest_memory_bytes", stats.guest_memory_bytes);
  json.member("peak_resident_bytes", peak_resident_bytes());
  if (stats.fuel_used) json.member("fuel_used", *stats.fuel_used);
  json.end_object();
  return json.take();
}

std::string text_stats(const Stats& stats) {
  std::string text = fmt::format(
      "read         {:10.3f} ms  ({} bytes)\n"
      "compile      {:10.3f} ms  (decode and validate)\n"
      "instantiate  {:10.3f} ms\n"
      "run          {:10.3f} ms\n"
      "guest memory {:10.3f} MiB\n"
      "peak memory  {:10.3f} MiB (of the whole process)\n",
      milliseconds(stats.read), stats.module_bytes, milliseconds(stats.compile),
      milliseconds(stats.instantiate), milliseconds(stats.run), mebibytes(stats.guest_memory_bytes),
      mebibytes(peak_resident_bytes()));
  if (stats.fuel_used) text += fmt::format("fuel used    {:10}\n", *stats.fuel_used);
  return text;
}

}  // namespace

std::string format_stats(const Stats& stats, StatsFormat format) {
  return format == StatsFormat::Json ? json_stats(stats) : text_stats(stats);
}

}  // namespace wrun::cli
