#include "cli/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace wrun::cli {

struct Log::Sink {
  spdlog::logger logger;
};

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Trace: return spdlog::level::trace;
    case LogLevel::Debug: return spdlog::level::debug;
    case LogLevel::Info:  return spdlog::level::info;
    case LogLevel::Warn:  return spdlog::level::warn;
    case LogLevel::Error: return spdlog::level::err;
  }
  return spdlog::level::off;
}

}  // namespace

Log::Log() = default;
Log::~Log() = default;

Log::Log(std::string_view topic)
    : sink_(new Sink{spdlog::logger("wrun", std::make_shared<spdlog::sinks::stderr_sink_st>())}),
      only_collections_(topic == "gc") {
  sink_->logger.set_level(only_collections_ ? spdlog::level::debug
                                            : spdlog::level::from_str(std::string(topic)));
  sink_->logger.set_pattern("%H:%M:%S.%f %l %v");
}

bool Log::wants_collections() const {
  return sink_ && sink_->logger.should_log(spdlog::level::debug);
}

void Log::write_collection(const Collection& collection) {
  constexpr double kMiB = 1 << 20;
  write_text(LogLevel::Debug,
             fmt::format("collection {}: {:.1f} MiB of {:.1f} MiB live, {:.2f} ms",
                         collection.number, static_cast<double>(collection.live_bytes) / kMiB,
                         static_cast<double>(collection.used_bytes) / kMiB,
                         static_cast<double>(collection.nanoseconds) / 1e6));
}

void Log::write_text(LogLevel level, const std::string& text) {
  sink_->logger.log(spdlog_level(level), text);
}

}  // namespace wrun::cli
