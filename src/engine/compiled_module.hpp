// What is compiled of a module so far: batches of functions that were linked together, and where to
// enter them.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "cache/code_image.hpp"
#include "engine/code_batch.hpp"
#include "engine/code_layout.hpp"
#include "engine/code_memory.hpp"

namespace wrun::engine {

class CompiledModule {
 public:
  // Addresses of the stubs of runtime calls, by ir::RuntimeCall.
  using RuntimeCalls = std::span<const std::byte* const>;

  // `memory` outlives it.
  CompiledModule(uint32_t functions, uint32_t imported_functions, RuntimeCalls runtime_calls,
                 CodeMemory& memory);
  ~CompiledModule();
  CompiledModule(const CompiledModule&) = delete;
  CompiledModule& operator=(const CompiledModule&) = delete;

  // Puts the units into memory, where they call each other and what was published before directly, and
  // all else where that will be when it is published. Null if there is no code memory left.
  std::unique_ptr<CodeBatch> link(std::vector<CompiledUnit> units);
  // Maps code that is in a file, whose tables outlive the batch. Before anything is linked. Null if there is
  // no code memory left, or no memory for the file's pages.
  std::unique_ptr<CodeBatch> map(const cache::CodeImage& image);
  // From now on everybody finds the batch's code here, and code that was linked before calls it.
  void publish(const CodeBatch& batch);

  // Null: it stays with the interpreter for now. Thread-safe.
  const void* entry(uint32_t function_index) const {
    const std::atomic<const void*>& known = entries_[function_index - imported_functions_];
    if (const void* code = known.load(std::memory_order_acquire)) return code;
    const CodeBatch* mapped = mapped_.load(std::memory_order_acquire);
    return mapped == nullptr ? nullptr : mapped->find_function(function_index);
  }
  const void* loop_entry(const CompilationUnit& unit) const;

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  bool make_slots();
  const std::byte* target(const codegen::Relocation& relocation, const CodeLayout& layout,
                          const std::byte* pages) const;
  void write_stub(uint32_t function_index, std::byte* at);

  const uint32_t functions_;  // not imported
  const uint32_t imported_functions_;
  const RuntimeCalls runtime_calls_;
  CodeMemory& memory_;
  // What was linked here; zeros that nobody has written to take no room.
  std::unique_ptr<std::atomic<const void*>[], Free> entries_;
  std::atomic<const CodeBatch*> mapped_ = nullptr;

  mutable std::mutex mutex_;  // guards what follows
  CodeMemory::Pages slot_pages_;
  std::span<uint64_t> slots_;  // by function, where calls by way of stubs go on
  std::map<CompilationUnit, const void*> loop_entries_;
  // Where in its first page the next batch begins: where the one before ended in its last. Otherwise functions
  // that are compiled one by one, each at the beginning of a page, would all want the same sets of the caches.
  size_t begin_ = 0;
};

}  // namespace wrun::engine
