// Code of functions of a module that was put into memory at once.
#pragma once

#include <cstdint>
#include <vector>

#include "codegen/code_tables.hpp"
#include "engine/code_memory.hpp"
#include "runtime/compiled_code.hpp"

namespace wrun::engine {

// What is compiled at once: a function, or what is left of it from a loop on.
struct CompilationUnit {
  uint32_t function_index = 0;
  uint32_t entry_loop = 0;  // ir::BuildOptions
  auto operator<=>(const CompilationUnit&) const = default;
};

// Never changes; its pages go with it.
class CodeBatch {
 public:
  // `stubs`: where those for functions without code begin, in the pages.
  CodeBatch(CodeMemory& memory, CodeMemory::Pages pages, uint32_t stubs,
            codegen::OwnedCodeTables tables)
      : memory_(memory),
        pages_(pages),
        stubs_(stubs),
        owned_(std::move(tables)),
        tables_(owned_.view()) {}
  // With tables that outlive it.
  CodeBatch(CodeMemory& memory, CodeMemory::Pages pages, uint32_t stubs,
            const codegen::CodeTables& tables)
      : memory_(memory), pages_(pages), stubs_(stubs), is_mapped_(true), tables_(tables) {}
  ~CodeBatch() { memory_.release(pages_); }
  CodeBatch(const CodeBatch&) = delete;
  CodeBatch& operator=(const CodeBatch&) = delete;

  const std::byte* begin() const { return pages_.data(); }
  const std::byte* end() const { return pages_.data() + pages_.size(); }
  runtime::CompiledPc find(const void* pc) const;
  // With tables in a file, which has them in the order of the module's functions.
  bool is_mapped() const { return is_mapped_; }
  // Where a function of a mapped batch begins; null if it is not there.
  const void* find_function(uint32_t function_index) const;

  struct Entry {
    CompilationUnit unit;
    const void* code;
    uint32_t bytes;
  };
  size_t size() const { return tables_.functions.size(); }
  Entry entry(size_t index) const {
    const codegen::PlacedFunction& function = tables_.functions[index];
    return {
        {function.function_index, function.entry_loop},
        pages_.data() + function.offset,
        function.instruction_bytes
    };
  }

 private:
  CodeMemory& memory_;
  const CodeMemory::Pages pages_;
  const uint32_t stubs_;
  const bool is_mapped_ = false;
  const codegen::OwnedCodeTables owned_;
  const codegen::CodeTables tables_;
};

}  // namespace wrun::engine
