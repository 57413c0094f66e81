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

// What memory 0 begins with, in place of the module's active data segments.
struct MemoryPages {
  uint64_t file_offset = 0;
  uint64_t memory_offset = 0;
  size_t bytes = 0;  // 0: nothing
};

struct CodeImage {
  int file = -1;
  uint64_t file_offset = 0;
  size_t code_bytes = 0;         // whole pages, as page_bytes() says
  uint32_t functions_bytes = 0;  // stubs follow
  bool guarded_memory0 = false;  // ir::BuildOptions
  MemoryPages memory;
  codegen::CodeTables tables;
  std::span<const StubEntry> stubs;
};

}  // namespace wrun::cache
