// A line of text for every call, as strace(1) writes them.
#pragma once

#include <functional>
#include <mutex>
#include <string_view>

#include "wasi/call.hpp"

namespace wrun::wasi {

// Takes pieces of lines; those of one line may come apart in time, so that it is to be seen what a
// guest waits for.
using TraceSink = std::function<void(std::string_view)>;

class Tracer final : public CallObserver {
 public:
  explicit Tracer(TraceSink sink) : sink_(std::move(sink)) {}
  void before(const Call& call) override;
  void after(const Call& call) override;

 private:
  TraceSink sink_;
  std::mutex writing_;                // guards what follows
  const Call* unfinished_ = nullptr;  // the call whose start is on the last line
};

}  // namespace wrun::wasi
