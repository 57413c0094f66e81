// The stubs that most starts need, written when the engine is built (prepare_stubs/main.cpp), so that a start does
// not assemble anything.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "codegen/stubs.hpp"
#include "wasm/types.hpp"

namespace wrun::engine {

template <class Stubs>
struct PreparedStubs {
  Stubs stubs;
  std::span<const unsigned char> code;
};

// Of functions whose type has this text: a letter for each parameter, a colon, a letter for each result; `i` for
// i32, `I` for i64, `f` and `F` for f32 and f64.
struct PreparedSignature {
  std::string_view type;
  PreparedStubs<codegen::SignatureStubs> prepared;
};

extern const PreparedStubs<codegen::CommonStubs> kPreparedCommonStubs;
extern const std::span<const PreparedSignature> kPreparedSignatures;

// Null if there are none for the type.
const PreparedStubs<codegen::SignatureStubs>* find_prepared_stubs(const wasm::FuncType& type);

}  // namespace wrun::engine
