// Compiled units put one behind the other as cache::CodeImage has it: code that runs wherever it is mapped.
#pragma once

#include <cstddef>
#include <vector>

#include "cache/code_image.hpp"
#include "codegen/code_tables.hpp"
#include "codegen/compiler.hpp"
#include "engine/code_layout.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

struct LinkedImage {
  std::vector<std::byte> code;
  uint32_t functions_bytes = 0;  // stubs follow
  codegen::OwnedCodeTables tables;
  std::vector<cache::StubEntry> stubs;
};

LinkedImage link_image(const wasm::Module& module, const std::vector<CompiledUnit>& units,
                       codegen::Machine machine, size_t page_bytes);

}  // namespace wrun::engine
