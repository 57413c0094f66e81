// How many values instructions take and give, for nesting them in the folded form.
#pragma once

#include <cstdint>
#include <vector>

#include "binary/instruction_reader.hpp"
#include "wasm/module.hpp"

namespace wrun::text {

struct Arity {
  uint32_t params = 0;
  uint32_t results = 0;
};

// Follows one function body, of which it has to see every instruction. Code that cannot be reached is
// counted as if it could.
class ArityCounter {
 public:
  ArityCounter(const wasm::Module& module, uint32_t function);

  // Of an instruction that neither begins nor ends a block.
  Arity of(const binary::InstructionReader<true>& reader, const binary::Instruction& insn) const;
  Arity of_block(const binary::BlockType& type) const;

  void open(const binary::Instruction& insn);
  void close() { labels_.pop_back(); }

 private:
  static Arity of(const wasm::FuncType& type) {
    return {static_cast<uint32_t>(type.params.size()), static_cast<uint32_t>(type.results.size())};
  }
  Arity of_type(wasm::TypeIndex type) const { return of(module_.types[type].func); }
  uint32_t label(uint32_t depth) const { return labels_[labels_.size() - 1 - depth]; }
  Arity of_special(const binary::InstructionReader<true>& reader,
                   const binary::Instruction& insn) const;

  const wasm::Module& module_;
  std::vector<uint32_t> labels_;  // what a branch takes, for each open block
};

}  // namespace wrun::text
