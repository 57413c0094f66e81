// Compiled modules that are kept for the next time, in a folder of the user's: a module whose file is as it was when
// it was compiled is not even read. Whatever goes wrong with the cache, the module is loaded without it.
//
// Files of the folder: m-KEY.cwasm, artifacts by hash of the module and all that the code was made for; f-…, what is known of
// files (cache::FileIndex), the times of which tell when they were last asked for; l-KEY, locks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "cache/directory.hpp"
#include "cache/file_index.hpp"
#include "engine/engine.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

// Thread-safe, and safe with many processes at once.
class ModuleCache {
 public:
  // Modules of fewer bytes start faster than a file is opened.
  static constexpr uint64_t kSmallestModule = 64 << 10;
  static constexpr uint64_t kMostBytes = uint64_t{1} << 30;

  // `path` empty: where users' caches are. Fails with Io.
  static Result<std::unique_ptr<ModuleCache>> open(const std::string& path);
  // Whether a module in that file would be kept.
  static bool is_for(const std::string& module_path);

  const std::string& path() const { return directory_->path(); }
  cache::FileIndex& files() { return files_; }

  // Null if there is nothing for this engine.
  std::shared_ptr<const wasm::Module> load(Engine& engine, const std::string& module_path);
  // Compiles the module for engines like this one, unless it is there or somebody else is at it. Fails as loading
  // the module does.
  Result<void> add(Engine& engine, const std::string& module_path);

  struct Info {
    uint64_t modules = 0;
    uint64_t bytes = 0;
  };
  Info info() const;
  // Removes what was not used for the longest time until the rest has so many bytes at most.
  void prune(uint64_t most_bytes);
  void clear();

 private:
  explicit ModuleCache(std::unique_ptr<cache::Directory> directory)
      : directory_(std::move(directory)), files_(*directory_) {}

  std::shared_ptr<const cache::Artifact> find(const std::string& name, const cache::Hash& wasm);

  const std::unique_ptr<cache::Directory> directory_;
  cache::FileIndex files_;
};

}  // namespace wrun::engine
