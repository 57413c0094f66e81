// Something that a guest was given, and what it did with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace wrun::wasi {

struct Grant {
  enum class Kind : uint8_t {
    Arguments,
    Environment,
    Clocks,
    Random,
    Stream,
    Directory,
    Listener,
  };

  Kind kind = Kind::Stream;
  std::string guest_name;  // what the guest calls it
  std::string host_name;   // empty: nothing of the host by a name
  bool read_only = false;
  // Calls that made use of it, or of what was opened beneath it.
  std::atomic<uint64_t> looks = 0, reads = 0, changes = 0;
  std::atomic<uint64_t> refusals = 0;
};

}  // namespace wrun::wasi
