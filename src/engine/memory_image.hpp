// What memory 0 holds when a module's active data segments have been copied, as pages that can be mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "wasm/module.hpp"

namespace wrun::engine {

struct MemoryImage {
  uint64_t offset = 0;  // in the memory; whole pages, as the contents are
  std::vector<std::byte> contents;
};

// Nothing if that is not known before the module is instantiated, or if it is mostly holes.
std::optional<MemoryImage> make_memory_image(const wasm::Module& module);

// The data section of a module whose active segments are in the image: only instructions that drop segments or
// copy from passive ones tell the difference to the real one, and they do not. Empty if there need not be one.
std::vector<std::byte> data_section_beside_image(const wasm::Module& module);

}  // namespace wrun::engine
