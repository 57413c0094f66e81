// `--log`: what wrun does, on stderr. Nothing is set up unless it is asked for.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>

#include "wrun/collection.hpp"

namespace wrun::cli {

enum class LogLevel : uint8_t { Trace, Debug, Info, Warn, Error };

class Log {
 public:
  Log();                                 // silent
  explicit Log(std::string_view topic);  // one of the words of --log
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  template <class... Args>
  void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (sink_ && !only_collections_)
      write_text(level, fmt::format(format, std::forward<Args>(args)...));
  }
  bool wants_collections() const;
  void write_collection(const Collection& collection);

 private:
  struct Sink;
  void write_text(LogLevel level, const std::string& text);
  std::unique_ptr<Sink> sink_;
  bool only_collections_ = false;
};

}  // namespace wrun::cli
