// The instructions of a function as text, in the order of the code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wrun::codegen {

struct ListedLine {
  uint32_t offset = 0;       // in the code
  uint32_t wasm_offset = 0;  // in the module, of the instruction it does; 0: of none
  bool is_label = false;
  std::string text;
};
using Listing = std::vector<ListedLine>;

}  // namespace wrun::codegen
