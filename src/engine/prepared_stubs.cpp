#include "engine/prepared_stubs.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace wrun::engine {
namespace {

char letter(wasm::ValType type) {
  switch (type.kind()) {
    case wasm::ValType::Kind::I32: return 'i';
    case wasm::ValType::Kind::I64: return 'I';
    case wasm::ValType::Kind::F32: return 'f';
    case wasm::ValType::Kind::F64: return 'F';
    default:                       return '?';
  }
}

bool has_text(const wasm::FuncType& type, std::string_view text) {
  const size_t params = type.params.size();
  return text.size() == params + 1 + type.results.size() &&
         std::ranges::equal(type.params, text.substr(0, params), {}, letter) &&
         std::ranges::equal(type.results, text.substr(params + 1), {}, letter) &&
         text[params] == ':';
}

}  // namespace

const PreparedStubs<codegen::SignatureStubs>* find_prepared_stubs(const wasm::FuncType& type) {
  const auto found = std::ranges::find_if(kPreparedSignatures, [&](const PreparedSignature& known) {
    return has_text(type, known.type);
  });
  return found == kPreparedSignatures.end() ? nullptr : &found->prepared;
}

}  // namespace wrun::engine
