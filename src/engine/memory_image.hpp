// What memory 0 holds when a module's active data segments have been copied, as pages that can be mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/unique_fd.hpp"
#include "cache/code_image.hpp"
#include "runtime/instance.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

struct MemoryImage {
  uint64_t offset = 0;  // in the memory; whole pages, as the contents are
  std::vector<std::byte> contents;
};

// Nothing if that is not known before the module is instantiated, or if it is mostly holes.
std::optional<MemoryImage> make_memory_image(const wasm::Module& module, size_t page_bytes);

// The data section of a module whose active segments are in the image: only instructions that drop segments or
// copy from passive ones tell the difference to the real one, and they do not. Empty if there need not be one.
std::vector<std::byte> data_section_beside_image(const wasm::Module& module);

// A file in memory that instances of a module have in common, in place of copies. Not of modules whose data is in
// a file already.
class SharedMemoryImage {
 public:
  // Null if there is no image, or if copying it takes no longer.
  static std::unique_ptr<const SharedMemoryImage> create(const wasm::Module& module);

  // Puts the image into memory 0 of a new or reset instance, for good. False: it is as it was.
  bool map(runtime::Instance& instance) const;

 private:
  SharedMemoryImage(UniqueFd file, const cache::MemoryPages& pages)
      : file_(std::move(file)), pages_(pages) {}

  UniqueFd file_;
  cache::MemoryPages pages_;
};

// False: the host refuses.
[[nodiscard]] bool map_memory(runtime::Instance& instance, int file,
                              const cache::MemoryPages& pages);

}  // namespace wrun::engine
