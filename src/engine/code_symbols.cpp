#include "engine/code_symbols.hpp"

namespace wrun::engine {

CodeSymbols::CodeSymbols(const SymbolOptions& options,
                         const std::function<void(std::string_view)>& tell) {
  const auto add = [&](std::unique_ptr<SymbolConsumer> consumer) {
    if (consumer != nullptr) consumers_.push_back(std::move(consumer));
  };
  if (options.perf_map) add(make_perf_map(tell));
  if (options.jitdump) add(make_jitdump(tell));
  if (options.gdb) add(make_gdb_symbols());
}

std::string symbol_name(const binary::NameSection& names, const CompilationUnit& unit) {
  std::string name(names.module_name().value_or("wasm"));
  name += "!";
  if (const auto known = names.function_name(unit.function_index))
    name += *known;
  else
    name += "function[" + std::to_string(unit.function_index) + "]";
  if (unit.entry_loop != 0) name += " (from a loop on)";
  // A line each, in some of the formats.
  for (char& c : name)
    if (c == '\n' || c == '\0') c = ' ';
  return name;
}

void CodeSymbols::add(const wasm::Module& module, const CodeBatch& batch) {
  const std::lock_guard lock(mutex_);
  const binary::NameSection& names = names_.of(module);
  std::vector<CodeSymbol> symbols;
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto [unit, code, bytes] = batch.entry(i);
    symbols.push_back({symbol_name(names, unit), static_cast<const std::byte*>(code), bytes});
  }
  for (const auto& consumer : consumers_) consumer->add(batch, symbols);
}

void CodeSymbols::remove(const CodeBatch& batch) {
  const std::lock_guard lock(mutex_);
  for (const auto& consumer : consumers_) consumer->remove(batch);
}

}  // namespace wrun::engine
