// ELF object files that say which function compiled code belongs to, for debuggers and other tools.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codegen/compiler.hpp"

namespace wrun::engine {

struct CodeSymbol {
  std::string name;
  const std::byte* code = nullptr;
  uint32_t bytes = 0;
};

// What the `e_machine` of object files calls it.
uint16_t elf_machine(codegen::Machine machine);

enum class ObjectContents : uint8_t {
  Code,     // it is in the file, at address 0
  Symbols,  // it is in memory, where `code` is
};

// A relocatable object file, without relocations. `symbols` are of `code`.
std::string make_object_file(codegen::Machine machine, std::span<const std::byte> code,
                             const std::vector<CodeSymbol>& symbols, ObjectContents contents);

}  // namespace wrun::engine
