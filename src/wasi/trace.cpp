#include "wasi/trace.hpp"

#include <string>

#include "wasi/call_text.hpp"
#include "wasi/nanoseconds.hpp"

namespace wrun::wasi {
namespace {

constexpr std::string_view kUnfinished = " <unfinished ...>\n";

// " <0.000123>"
void append_duration(std::string& text, uint64_t nanoseconds) {
  const std::string seconds = std::to_string(nanoseconds / kNanosecondsPerSecond);
  std::string digits = std::to_string(nanoseconds % kNanosecondsPerSecond / 1000);
  digits.insert(0, 6 - digits.size(), '0');
  text.append(" <").append(seconds).append(".").append(digits).append(">");
}

}  // namespace

void Tracer::before(const Call& call) {
  std::string text;
  append_start(text, call);
  const std::lock_guard lock(writing_);
  if (unfinished_) text.insert(0, kUnfinished);
  unfinished_ = &call;
  sink_(text);
}

void Tracer::after(const Call& call) {
  std::string text;
  append_rest(text, call);
  append_duration(text, call.nanoseconds);
  text += '\n';
  const std::lock_guard lock(writing_);
  if (unfinished_ != &call) {
    text.insert(0, "<... " + std::string(call.function.name) + " resumed> ");
    if (unfinished_) text.insert(0, kUnfinished);
  }
  unfinished_ = nullptr;
  sink_(text);
}

}  // namespace wrun::wasi
