#include "runtime/linker.hpp"

#include "runtime/import_matching.hpp"

namespace wrun::runtime {

void Linker::define(std::string_view module, std::string_view name, Extern value) {
  auto names = definitions_.find(module);
  if (names == definitions_.end()) names = definitions_.emplace(module, StringMap<Extern>()).first;
  names->second.insert_or_assign(std::string(name), value);
}

void Linker::define_instance(std::string_view module, Instance& instance) {
  for (const wasm::Export& entry : instance.module().exports)
    define(module, entry.name, instance.get(entry.kind, entry.index));
}

std::optional<Extern> Linker::find(std::string_view module, std::string_view name) const {
  const auto names = definitions_.find(module);
  if (names == definitions_.end()) return std::nullopt;
  const auto value = names->second.find(name);
  if (value == names->second.end()) return std::nullopt;
  return value->second;
}

Result<std::vector<Extern>> Linker::resolve(const wasm::Module& module) {
  std::vector<Extern> found;
  found.reserve(module.imports.size());
  std::string missing;
  size_t missing_count = 0;
  for (const wasm::Import& import : module.imports) {
    std::optional<Extern> value = find(import.module, import.name);
    if (!value && import.kind == wasm::ExternKind::Func)
      value = find_function(import.module, import.name);
    if (value) {
      found.push_back(*value);
    } else if (++missing_count <= kMaxListedImports) {
      if (!missing.empty()) missing += '\n';
      missing += "unknown import: " + import_name(import) + ", " + describe_import(module, import);
    }
  }
  if (missing_count == 0) return found;
  if (missing_count > kMaxListedImports)
    missing += "\nand " + std::to_string(missing_count - kMaxListedImports) + " more";
  return fail(Error::Kind::Unlinkable, std::move(missing));
}

Result<Instance*> Linker::instantiate(std::shared_ptr<const wasm::Module> module,
                                      std::string name) {
  const std::vector<Extern> imports = WRUN_TRY(resolve(*module));
  return Instance::instantiate(store_, std::move(module), imports, std::move(name));
}

std::optional<Extern> Linker::find_function(std::string_view module, std::string_view name) {
  for (HostFunctionSource* source : sources_) {
    HostFunction function;
    if (!source->find(module, name, function)) continue;
    const Extern value =
        &store_.add_host_function(function.type, function.callback, function.environment);
    define(module, name, value);
    return value;
  }
  return std::nullopt;
}

}  // namespace wrun::runtime
