#include "codegen/lister.hpp"

#include <string_view>
#include <utility>

#include "ir/ops.hpp"

namespace wrun::codegen {

// A line, called before the assembler goes on to what is behind it.
asmjit::Error Lister::_log(const char* data, size_t size) noexcept {
  std::string_view text(data, size);
  const size_t first = text.find_first_not_of(' ');
  if (first == text.npos) return asmjit::kErrorOk;
  text.remove_prefix(first);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  add(std::string(text), text.ends_with(':'));
  return asmjit::kErrorOk;
}

void Lister::write_call(const char* instruction, Relocation::Target target, uint32_t index) {
  const std::string name = target == Relocation::Target::Function
                               ? "function " + std::to_string(index)
                               : std::string(ir::info(static_cast<ir::RuntimeCall>(index)).text);
  add(std::string(instruction) + " " + name, false);
}

void Lister::add(std::string text, bool is_label) {
  listing_.push_back({.offset = static_cast<uint32_t>(assembler_.offset()),
                      .wasm_offset = wasm_offset,
                      .is_label = is_label,
                      .text = std::move(text)});
}

}  // namespace wrun::codegen
