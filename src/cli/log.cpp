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

Log::Log(std::string_view level)
    : sink_(new Sink{spdlog::logger("wrun", std::make_shared<spdlog::sinks::stderr_sink_st>())}) {
  sink_->logger.set_level(spdlog::level::from_str(std::string(level)));
  sink_->logger.set_pattern("%H:%M:%S.%f %l %v");
}

void Log::write_text(LogLevel level, const std::string& text) {
  sink_->logger.log(spdlog_level(level), text);
}

}  // namespace wrun::cli
