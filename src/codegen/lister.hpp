// Writes down what an assembler emits.
#pragma once

#include <asmjit/core.h>

#include <string>

#include "codegen/compiled_function.hpp"
#include "codegen/listing.hpp"

namespace wrun::codegen {

class Lister final : public asmjit::Logger {
 public:
  Lister(const asmjit::BaseAssembler& assembler, Listing& listing)
      : assembler_(assembler), listing_(listing) {
    addFlags(asmjit::FormatFlags::kHexImms);
  }

  uint32_t wasm_offset = 0;  // of what is emitted next

  // An instruction whose target is filled in later.
  void write_call(const char* instruction, Relocation::Target target, uint32_t index);

 private:
  asmjit::Error _log(const char* data, size_t size) noexcept override;
  void add(std::string text, bool is_label);

  const asmjit::BaseAssembler& assembler_;
  Listing& listing_;
};

}  // namespace wrun::codegen
