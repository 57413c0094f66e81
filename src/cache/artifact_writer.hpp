// The bytes of an artifact.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cache/code_image.hpp"
#include "cache/format.hpp"
#include "wasm/module.hpp"

namespace wrun::cache {

struct ArtifactParts {
  Target target;
  std::span<const std::byte> code;
  uint32_t functions_bytes = 0;
  codegen::CodeTables tables;
  std::span<const StubEntry> stubs;
  std::span<const std::byte> module;  // without code and custom sections
  std::span<const wasm::ModuleSource::Body> bodies;
  uint64_t memory_offset = 0;
  std::span<const std::byte> memory;  // whole pages
  std::span<const std::byte> wasm;    // all of it
  bool embed_wasm = true;
};

std::vector<std::byte> write_artifact(const ArtifactParts& parts);

}  // namespace wrun::cache
