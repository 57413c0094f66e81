// What the functions of a generated module see of it.
#pragma once

#include <array>
#include <vector>

#include "support/module_builder.hpp"
#include "wasm/features.hpp"

namespace wrun::difftest {

inline constexpr wasm::ValType kTypes[] = {wasm::kI32, wasm::kI64, wasm::kF32, wasm::kF64,
                                           wasm::kV128};
inline constexpr size_t kTypeCount = std::size(kTypes);
size_t type_number(wasm::ValType type);  // in kTypes

// Instructions that the module may have, by what they give and where.
struct Instructions {
  std::array<std::vector<wasm::Op>, kTypeCount> pure;  // one result
  std::array<std::vector<wasm::Op>, kTypeCount> from_memory;
  std::vector<wasm::Op> stores;
  std::vector<wasm::Op> wide;  // two results

  explicit Instructions(wasm::FeatureSet features);
};

struct Shape {
  struct Function {
    test::Signature signature;
    uint32_t type = 0;
    bool calls = false;
    uint32_t size = 0;  // about
  };
  struct Memory {
    bool is_64 = false;
    uint64_t pages = 1;
    uint64_t bytes() const { return pages << 16; }
  };

  std::vector<Function> functions;
  // Every function that calls others counts global 0 down, and returns zeros when it is used up.
  std::vector<wasm::GlobalType> globals;
  std::vector<Memory> memories;
  std::vector<uint32_t> table;    // table 0: functions in it
  uint32_t table_size = 0;        // the rest is null
  uint32_t data_segments = 0;     // passive
  uint32_t element_segments = 0;  // passive, of functions
  std::vector<test::Signature> tags;
  uint32_t type_count = 5;  // of kTypes, how many there are values of
  bool tail_calls = false;
  bool wild = false;  // what traps is more frequent
};

}  // namespace wrun::difftest
