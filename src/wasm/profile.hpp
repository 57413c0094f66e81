// What is known of how a module runs, for those who compile it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace wrun::wasm {

class Profile {
 public:
  enum class Heat : uint8_t { Cold, Warm, Hot };

  virtual ~Profile() = default;
  // Cold: it does not run. Hot: it is where the time goes.
  virtual Heat heat(uint32_t function_index) const = 0;
  // The function of the module that the call by reference at this offset of the module, in this function, calls
  // nearly always. Whether it is one that can be called there is for the caller to see.
  virtual std::optional<uint32_t> likely_callee(uint32_t function_index, uint32_t offset) const = 0;
};

// What a profile is made of.
struct FunctionCounts {
  uint32_t function_index = 0;
  uint32_t calls = 0;
  uint64_t heat = 0;  // rounds of loops, and calls, each of which counts for eight
};
struct CalleeCounts {
  uint32_t offset = 0;  // of the call, in the module
  uint32_t callee = 0;
  uint32_t hits = 0;
  uint32_t misses = 0;  // calls of others since then

  bool is_likely() const { return hits != 0 && misses <= hits / 16; }
};
struct Counts {
  std::vector<FunctionCounts> functions;  // ascending
  std::vector<CalleeCounts> callees;      // ascending by offset
};

}  // namespace wrun::wasm
