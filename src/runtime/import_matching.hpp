// Whether what is provided for an import has the type the module asks for (spec 4.7.1, 3.3.17).
//
// Types of things in a store are canonical: where a module's type names a type index, theirs hold
// the identity that wasm::TypeRegistry gave it, so that modules can be compared.
#pragma once

#include "base/result.hpp"
#include "runtime/instance.hpp"

namespace wrun::runtime {

wasm::ValType canonical_type(const wasm::Module& module, wasm::ValType type);
wasm::TableType canonical_type(const wasm::Module& module, wasm::TableType type);
wasm::GlobalType canonical_type(const wasm::Module& module, wasm::GlobalType type);

// "env::memory", for messages; those that list imports stop after so many.
std::string import_name(const wasm::Import& import);
inline constexpr size_t kMaxListedImports = 100;

// `imports` are in the order of module.imports. The error lists every one that does not match.
Result<void> check_imports(const wasm::TypeRegistry& types, const wasm::Module& module,
                           std::span<const Extern> imports);

}  // namespace wrun::runtime
