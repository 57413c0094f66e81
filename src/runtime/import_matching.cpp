#include "runtime/import_matching.hpp"

#include <string>

#include "base/assert.hpp"
#include "base/printable.hpp"
#include "wasm/subtyping.hpp"

namespace wrun::runtime {
namespace {

using wasm::ExternKind;

bool limits_match(const wasm::Limits& actual, uint64_t size, const wasm::Limits& expected) {
  if (actual.is_64 != expected.is_64 || size < expected.minimum) return false;
  if (!expected.maximum) return true;
  return actual.maximum && *actual.maximum <= *expected.maximum;
}

// --- One import against one external value ---

class Matcher {
 public:
  Matcher(const wasm::TypeRegistry& types, const wasm::Module& module)
      : types_(types), module_(module) {}

  bool matches(const wasm::Import& import, const Extern& value) const {
    if (value.index() != static_cast<size_t>(import.kind)) return false;
    return std::visit([&](auto* thing) { return thing_matches(import.index, *thing); }, value);
  }

 private:
  bool thing_matches(uint32_t index, const FuncRef& function) const {
    const wasm::Function& import = module_.functions[index];
    const uint32_t expected = module_.canonical_types[import.type];
    return import.is_exact ? function.type_id == expected
                           : types_.is_subtype(function.type_id, expected);
  }
  bool thing_matches(uint32_t index, const Table& table) const {
    const wasm::TableType expected = canonical_type(module_, module_.tables[index].type);
    return table.type().element == expected.element &&
           limits_match(table.type().limits, table.size(), expected.limits);
  }
  bool thing_matches(uint32_t index, const Memory& memory) const {
    const wasm::MemoryType& expected = module_.memories[index];
    return memory.type().is_shared == expected.is_shared &&
           memory.type().page_size_log2 == expected.page_size_log2 &&
           limits_match(memory.type().limits, memory.pages(), expected.limits);
  }
  bool thing_matches(uint32_t index, const Global& global) const {
    const wasm::GlobalType expected = canonical_type(module_, module_.globals[index].type);
    if (expected.is_mutable || global.type.is_mutable) return global.type == expected;
    return wasm::matches(types_, global.type.content, expected.content);
  }
  bool thing_matches(uint32_t index, const Tag& tag) const {
    return tag.type_id == module_.canonical_types[module_.tags[index].type];
  }

  const wasm::TypeRegistry& types_;
  const wasm::Module& module_;
};

// The alternatives of Extern are in the order of ExternKind.
static_assert(std::is_same_v<std::variant_alternative_t<0, Extern>, FuncRef*>);
static_assert(std::is_same_v<std::variant_alternative_t<1, Extern>, Table*>);
static_assert(std::is_same_v<std::variant_alternative_t<2, Extern>, Memory*>);
static_assert(std::is_same_v<std::variant_alternative_t<3, Extern>, Global*>);
static_assert(std::is_same_v<std::variant_alternative_t<4, Extern>, Tag*>);

// --- Text ---

std::string to_text(const wasm::Limits& limits, uint64_t size) {
  std::string text = limits.is_64 ? "i64 " : "";
  text += std::to_string(size);
  if (limits.maximum) text += " " + std::to_string(*limits.maximum);
  return text;
}

std::string to_text(const wasm::MemoryType& type, uint64_t pages) {
  std::string text = "memory " + to_text(type.limits, pages);
  if (type.page_size_log2 != wasm::kDefaultPageLog2)
    text += " (pagesize " + std::to_string(uint64_t{1} << type.page_size_log2) + ")";
  if (type.is_shared) text += " shared";
  return text;
}

std::string to_text(const wasm::TableType& type, uint64_t size) {
  return "table " + to_text(type.limits, size) + " " + to_string(type.element);
}

std::string to_text(const wasm::GlobalType& type) {
  return (type.is_mutable ? "global mut " : "global ") + to_string(type.content);
}

std::string to_text(const FuncRef& function) { return "func " + to_string(*function.type); }
std::string to_text(const Table& table) { return to_text(table.type(), table.size()); }
std::string to_text(const Memory& memory) { return to_text(memory.type(), memory.pages()); }
std::string to_text(const Global& global) { return to_text(global.type); }
std::string to_text(const Tag& tag) { return "tag " + to_string(*tag.type); }

}  // namespace

wasm::ValType canonical_type(const wasm::Module& module, wasm::ValType type) {
  if (!type.is_ref() || !type.heap().is_concrete()) return type;
  const uint32_t id = module.canonical_types[type.heap().index()];
  return wasm::ValType::ref(wasm::HeapType::concrete(id, type.heap().is_exact()), type.nullable());
}

wasm::TableType canonical_type(const wasm::Module& module, wasm::TableType type) {
  type.element = canonical_type(module, type.element);
  return type;
}

wasm::GlobalType canonical_type(const wasm::Module& module, wasm::GlobalType type) {
  type.content = canonical_type(module, type.content);
  return type;
}

std::string import_name(const wasm::Import& import) {
  return printable(import.module) + "::" + printable(import.name);
}

std::string describe(const Extern& value) {
  return std::visit([](auto* thing) { return to_text(*thing); }, value);
}

std::string describe_import(const wasm::Module& module, const wasm::Import& import) {
  switch (import.kind) {
    case ExternKind::Func:  return "func " + to_string(module.func_type(import.index));
    case ExternKind::Table: {
      const wasm::TableType& type = module.tables[import.index].type;
      return to_text(type, type.limits.minimum);
    }
    case ExternKind::Memory: {
      const wasm::MemoryType& type = module.memories[import.index];
      return to_text(type, type.limits.minimum);
    }
    case ExternKind::Global: return to_text(module.globals[import.index].type);
    case ExternKind::Tag:
      return "tag " + to_string(module.types[module.tags[import.index].type].func);
  }
  WRUN_UNREACHABLE();
}

Result<void> check_imports(const wasm::TypeRegistry& types, const wasm::Module& module,
                           std::span<const Extern> imports) {
  if (imports.size() != module.imports.size())
    return fail(Error::Kind::Usage, "the module has " + std::to_string(module.imports.size()) +
                                        " imports, " + std::to_string(imports.size()) +
                                        " were given");
  const Matcher matcher(types, module);
  std::string mismatches;
  size_t count = 0;
  for (size_t i = 0; i < imports.size(); ++i) {
    const wasm::Import& import = module.imports[i];
    if (matcher.matches(import, imports[i])) continue;
    if (++count > kMaxListedImports) continue;
    mismatches += "\n  " + import_name(import) + ": expected " + describe_import(module, import) +
                  ", found " + describe(imports[i]);
  }
  if (count == 0) return {};
  if (count > kMaxListedImports)
    mismatches += "\n  and " + std::to_string(count - kMaxListedImports) + " more";
  return fail(Error::Kind::Unlinkable, "incompatible import type" + mismatches);
}

}  // namespace wrun::runtime
