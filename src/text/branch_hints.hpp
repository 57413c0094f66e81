// The custom section metadata.code.branch_hint, which hints at how often branches are taken.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "wasm/module.hpp"

namespace wrun::text {

inline constexpr std::string_view kBranchHintSection = "metadata.code.branch_hint";

struct BranchHint {
  uint32_t offset;  // of the instruction, in the module
  uint8_t likely;
};

// In the order of the instructions. Nothing if the section is not as it should be.
std::vector<BranchHint> read_branch_hints(const wasm::Module& module);

}  // namespace wrun::text
