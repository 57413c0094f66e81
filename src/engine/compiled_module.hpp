// The compiled functions of a module in code memory, with the stubs that they need.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "codegen/compiled_function.hpp"
#include "engine/code_memory.hpp"
#include "runtime/compiled_code.hpp"

namespace wrun::engine {

class CompiledModule {
 public:
  // By function index without the imported ones; those that are absent stay with the interpreter.
  using Functions = std::vector<std::optional<codegen::CompiledFunction>>;
  // Addresses of the stubs of runtime calls, by ir::RuntimeCall.
  using RuntimeCalls = std::span<const std::byte* const>;

  // Nothing if there is no code memory left.
  static std::optional<CompiledModule> link(Functions functions, uint32_t imported_functions,
                                            RuntimeCalls runtime_calls, CodeMemory& memory);

  // Null: it stays with the interpreter.
  const void* entry(uint32_t function_index) const;
  const std::byte* begin() const { return pages_.data(); }
  const std::byte* end() const { return pages_.data() + pages_.size(); }
  runtime::CompiledPc find(const void* pc) const;

 private:
  struct Function {
    uint32_t index;
    uint32_t offset;                 // from the beginning of the pages
    codegen::CompiledFunction code;  // without its bytes and relocations
  };

  static constexpr uint32_t kNone = UINT32_MAX;

  void relocate(const Function& function, RuntimeCalls runtime_calls);

  std::span<std::byte> pages_;
  uint32_t imported_functions_ = 0;
  uint32_t stubs_ = 0;               // where those for functions without code begin
  std::vector<Function> functions_;  // ascending by offset
  std::vector<uint32_t> offsets_;    // by function, of its code or stub; kNone: never called
};

}  // namespace wrun::engine
