// Modules compiled ahead of time, as files that start at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wrun/engine.hpp"
#include "wrun/error.hpp"
#include "wrun/module.hpp"

namespace wrun {

enum class Processor : uint8_t {
  X86_64,  // with AVX2, BMI, LZCNT and POPCNT
  AArch64,
};

struct CompileOptions {
  // Whether the module travels along, compressed. Without it the code runs only where it fits: with the same
  // engine, on processors with what it needs, with the same settings; and there are no names in backtraces.
  bool embed_wasm = true;
  std::optional<Processor> processor = {};  // the one that this runs on
  // What save_profile() gave of this very module: the code is better where the time went then. Fails with Malformed
  // if it is damaged or of another version of the format, and with Usage if it is of another module.
  std::optional<std::span<const std::byte>> profile = {};
  // Told of the functions that are done, now and then, by one of several threads at a time or more.
  std::function<void(size_t done, size_t all)> progress = {};
};

// The module's code as its engine would run it, to be written to a file. The same every time. On any
// processor the code for one is the same. Fails with Unsupported if there is no compiler for it.
Result<std::vector<std::byte>> compile(const Module& module, const CompileOptions& options = {});

// What was counted while the module ran in stores of its engine: which functions run often, and whom calls by
// reference call. To be written to a file, for compile(). Only the interpreter counts, so an engine with Tier::Auto
// and a large Config::tier_up_after knows more. Fails with Unsupported if nothing was counted.
Result<std::vector<std::byte>> save_profile(const Module& module);

// The same code as an ELF object file, for tools that show, profile or debug machine code. Symbols are named
// `module!function`. There is nothing to link it with: it calls the runtime by way of what only wrun puts beside it.
Result<std::string> compile_object(const Module& module, const CompileOptions& options = {});

// Whether a file begins like those that compile() makes.
bool is_compiled(std::span<const std::byte> bytes);

class Cache;

struct LoadedModule {
  Module module;
  // Why the code in the file does not run here; the module was compiled or is interpreted as if it were the
  // one that the file was made from.
  std::optional<std::string> unfit;
};

// Loads a file that compile() made. Fails with Io; with Malformed if it is damaged or of another version of the
// format; with Unsupported if its code does not fit and the module is not in it.
//
// SECURITY: what is in the file runs as part of this process, outside of any sandbox. Checks find damage,
// not malice. Load only files that come from where your programs come from, and that nobody else can write.
// For what others give you there is Module::from_bytes(), which does not take such files.
// `cache`, which may be null, remembers that this very file was checked as a whole.
Result<LoadedModule> load_compiled(const Engine& engine, const std::string& path,
                                   const Cache* cache = nullptr);
// The same for what read_file() gave.
Result<LoadedModule> load_compiled(const Engine& engine, const FileContents& file,
                                   const Cache* cache = nullptr);

struct CompiledInfo {
  uint32_t format_version = 0;
  std::string engine;        // what it was compiled by, in hexadecimal
  bool same_engine = false;  // which is what this version of wrun has
  std::string processor;     // "x86-64 with AVX2, …"
  std::string settings;      // that the code was made with, of fuel, interruptible, …; may be empty
  int opt_level = 0;
  bool with_profile = false;
  std::string content_hash;  // of the file, in hexadecimal
  std::string wasm_hash;     // of the module
  uint64_t wasm_bytes = 0;
  bool has_wasm = false;
  uint64_t functions = 0;  // that are compiled
  std::vector<SectionInfo> sections;
};
// Fails as load_compiled() does, but takes files of any engine. `file` is what read_file() gave.
Result<CompiledInfo> describe_compiled(const FileContents& file);

}  // namespace wrun
