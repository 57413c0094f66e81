// Types in their binary form (spec 5.3), as they occur both in sections and in instructions.
#pragma once

#include "base/cursor.hpp"
#include "binary/instruction.hpp"
#include "wasm/features.hpp"
#include "wasm/types.hpp"

namespace wrun::binary {

// Sets the cursor's error to "... is disabled" of kind Unsupported; returns false.
[[gnu::cold]] bool fail_disabled(Cursor& cursor, wasm::Feature feature);

bool read_heap_type(Cursor& cursor, wasm::FeatureSet features, wasm::HeapType& out);
bool read_ref_type(Cursor& cursor, wasm::FeatureSet features, wasm::ValType& out);
bool read_val_type(Cursor& cursor, wasm::FeatureSet features, wasm::ValType& out);
bool read_block_type(Cursor& cursor, wasm::FeatureSet features, BlockType& out);

}  // namespace wrun::binary
