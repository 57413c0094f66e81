// Tells profilers and debuggers of this host which function of a guest compiled code belongs to.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cached_names.hpp"
#include "engine/compiled_module.hpp"
#include "engine/object_file.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

// "module!function", in one line.
std::string symbol_name(const binary::NameSection& names, const CompilationUnit& unit);

// One of those who want to know.
class SymbolConsumer {
 public:
  virtual ~SymbolConsumer() = default;
  virtual void add(const CodeBatch& batch, const std::vector<CodeSymbol>& symbols) = 0;
  virtual void remove(const CodeBatch&) {}
};

struct SymbolOptions {
  bool perf_map = false;  // /tmp/perf-PID.map, for `perf report`
  bool jitdump = false;   // jit-PID.dump in the working directory, for `perf inject --jit`
  bool gdb = false;       // GDB's interface for compilers
  bool any() const { return perf_map || jitdump || gdb; }
};

// Thread-safe.
class CodeSymbols {
 public:
  // `tell` hears of files that cannot be written.
  CodeSymbols(const SymbolOptions& options, const std::function<void(std::string_view)>& tell);
  void add(const wasm::Module& module, const CodeBatch& batch);
  void remove(const CodeBatch& batch);  // before it is gone

 private:
  std::mutex mutex_;  // guards what follows
  CachedNames names_;
  std::vector<std::unique_ptr<SymbolConsumer>> consumers_;
};

std::unique_ptr<SymbolConsumer> make_perf_map(const std::function<void(std::string_view)>& tell);
std::unique_ptr<SymbolConsumer> make_jitdump(const std::function<void(std::string_view)>& tell);
std::unique_ptr<SymbolConsumer> make_gdb_symbols();

}  // namespace wrun::engine
