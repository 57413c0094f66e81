// Machine code in a file, ready to be mapped. It runs wherever it is put: what it calls beyond itself, it
// calls through slots, which lie behind it from the next page on: one a runtime call, then one a function that the
// module defines.
#pragma once

#include <cstdint>
#include <span>

#include "codegen/code_tables.hpp"

namespace wrun::cache {

// A function without code that others call: its slot first leads into the code, here.
struct StubEntry {
  uint32_t function_index = 0;
  uint32_t by_reference = 0;
};

// Pages of the file are those of the machines that there is a compiler for.
inline constexpr size_t kPageBytes = 4096;
constexpr uint64_t round_up_to_page(uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

// What memory 0 begins with, in place of the module's active data segments.
struct MemoryPages {
  uint64_t file_offset = 0;
  uint64_t memory_offset = 0;
  size_t bytes = 0;  // 0: nothing
};

struct CodeImage {
  int file = -1;
  uint64_t file_offset = 0;
  size_t code_bytes = 0;         // whole pages
  uint32_t functions_bytes = 0;  // stubs follow
  bool guarded_memory0 = false;  // ir::BuildOptions
  MemoryPages memory;
  codegen::CodeTables tables;
  std::span<const StubEntry> stubs;
};

}  // namespace wrun::cache
