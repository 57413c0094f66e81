// What is compiled of a module so far: batches of functions that were linked together, and where to
// enter them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "codegen/compiled_function.hpp"
#include "engine/code_memory.hpp"
#include "runtime/compiled_code.hpp"

namespace wrun::engine {

// What is compiled at once: a function, or what is left of it from a loop on.
struct CompilationUnit {
  uint32_t function_index = 0;
  uint32_t entry_loop = 0;  // ir::BuildOptions
  auto operator<=>(const CompilationUnit&) const = default;
};

struct CompiledUnit {
  CompilationUnit unit;
  codegen::CompiledFunction code;
};

// Code in memory. Never changes; its pages go with it.
class CodeBatch {
 public:
  explicit CodeBatch(CodeMemory& memory) : memory_(memory) {}
  ~CodeBatch() { memory_.release(pages_); }
  CodeBatch(const CodeBatch&) = delete;
  CodeBatch& operator=(const CodeBatch&) = delete;

  const std::byte* begin() const { return pages_.data(); }
  const std::byte* end() const { return pages_.data() + pages_.size(); }
  runtime::CompiledPc find(const void* pc) const;

  struct Entry {
    CompilationUnit unit;
    const void* code;
    uint32_t bytes;
  };
  std::vector<Entry> entries() const;

 private:
  friend class CompiledModule;
  struct Function {
    CompilationUnit unit;
    uint32_t offset;                 // from the beginning of the pages
    codegen::CompiledFunction code;  // without its bytes and relocations
  };

  CodeMemory& memory_;
  CodeMemory::Pages pages_;
  uint32_t stubs_ = 0;               // where those for functions without code begin
  std::vector<Function> functions_;  // ascending by offset
};

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
  // From now on everybody finds the batch's code here, and code that was linked before calls it.
  void publish(const CodeBatch& batch);

  // Null: it stays with the interpreter for now. Thread-safe.
  const void* entry(uint32_t function_index) const {
    return entries_[function_index - imported_functions_].load(std::memory_order_acquire);
  }
  const void* loop_entry(const CompilationUnit& unit) const;

 private:
  struct Layout;

  bool make_slots();
  Layout lay_out(const std::vector<CompiledUnit>& units) const;
  const std::byte* target(const codegen::Relocation& relocation, const Layout& layout,
                          const std::byte* pages) const;
  void write_stub(uint32_t function_index, std::byte* at);

  const uint32_t functions_;  // not imported
  const uint32_t imported_functions_;
  const RuntimeCalls runtime_calls_;
  CodeMemory& memory_;
  std::unique_ptr<std::atomic<const void*>[]> entries_;

  mutable std::mutex mutex_;  // guards what follows
  CodeMemory::Pages slot_pages_;
  std::span<uint64_t> slots_;  // by function, where calls by way of stubs go on
  std::map<CompilationUnit, const void*> loop_entries_;
};

}  // namespace wrun::engine
