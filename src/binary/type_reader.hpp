// Types in their binary form (spec 5.3), as they occur both in sections and in instructions.
#pragma once

#include "base/cursor.hpp"
#include "binary/instruction.hpp"
#include "wasm/features.hpp"
#include "wasm/types.hpp"

namespace wrun::binary {

// "the feature ... is disabled"
const char* disabled_text(wasm::Feature feature);
// Whether the feature is on; if not, sets the cursor's error.
inline bool require(Cursor& cursor, wasm::FeatureSet features, wasm::Feature feature) {
  return features.has(feature) || cursor.fail(disabled_text(feature), Error::Kind::Unsupported);
}

bool read_heap_type(Cursor& cursor, wasm::FeatureSet features, wasm::HeapType& out);
bool read_ref_type(Cursor& cursor, wasm::FeatureSet features, wasm::ValType& out);
bool read_val_type(Cursor& cursor, wasm::FeatureSet features, wasm::ValType& out);
bool read_block_type(Cursor& cursor, wasm::FeatureSet features, BlockType& out);

}  // namespace wrun::binary
