#include "engine/module_cache.hpp"

#include <algorithm>
#include <ctime>
#include <map>

#include "base/mapped_file.hpp"
#include "engine/compiled_artifact.hpp"
#include "wasm/limits.hpp"

namespace wrun::engine {
namespace {

constexpr std::string_view kModulePrefix = "m-";
constexpr std::string_view kLockPrefix = "l-";
constexpr std::string_view kTemporaryPrefix = "t-";
constexpr time_t kDay = 24 * 60 * 60;

std::string key_of(const cache::Hash& wasm, const EngineConfig& config) {
  const cache::Target target = target_of(config);
  const cache::Hash key = cache::hash_of({wasm, std::as_bytes(std::span(&target, 1))});
  return cache::to_hex(std::span(key).first<16>());
}

std::string module_name(const std::string& key) {
  return std::string(kModulePrefix) + key + ".cwasm";
}

// Nothing for a file that the cache is not for; one of compiled code has a name that says so.
std::optional<struct stat> status_of(const std::string& path) {
  struct stat file;
  if (path == "-" || path.ends_with(".cwasm") || ::stat(path.c_str(), &file) != 0 ||
      !S_ISREG(file.st_mode) || static_cast<uint64_t>(file.st_size) < ModuleCache::kSmallestModule)
    return std::nullopt;
  return file;
}

void wait_for_file_times() {
  const timespec time = {.tv_sec = 0, .tv_nsec = 100'000'000};
  ::nanosleep(&time, nullptr);
}

}  // namespace

Result<std::unique_ptr<ModuleCache>> ModuleCache::open(const std::string& path) {
  const std::string where = path.empty() ? cache::Directory::usual_path() : path;
  if (where.empty()) return fail(Error::Kind::Io, "there is no place for a cache");
  auto directory = WRUN_TRY(cache::Directory::open(where));
  return std::unique_ptr<ModuleCache>(new ModuleCache(std::move(directory)));
}

bool ModuleCache::is_for(const std::string& module_path) {
  return status_of(module_path).has_value();
}

std::shared_ptr<const cache::Artifact> ModuleCache::find(const std::string& name,
                                                         const cache::Hash& wasm) {
  struct stat status;
  UniqueFd file = directory_->find(name, status);
  if (!file) return nullptr;
  const auto mapped = MappedFile::of(std::move(file), status);
  if (!mapped) return nullptr;
  auto artifact = cache::Artifact::open(*mapped, &files_);
  if (artifact && (*artifact)->header().wasm == wasm) return *artifact;
  directory_->remove(name);
  return nullptr;
}

std::shared_ptr<const wasm::Module> ModuleCache::load(Engine& engine,
                                                      const std::string& module_path) {
  const auto file = status_of(module_path);
  if (!file) return nullptr;
  // The contents of a file that is not known are not looked at: add() is what makes it known.
  const auto wasm = files_.find(*file);
  if (!wasm) return nullptr;
  const std::string name = module_name(key_of(*wasm, engine.config()));
  const auto artifact = find(name, *wasm);
  if (artifact == nullptr) return nullptr;
  auto loaded = engine.load_artifact(artifact);
  if (loaded && !loaded->unfit) return std::move(loaded->module);
  directory_->remove(name);
  return nullptr;
}

Result<void> ModuleCache::add(Engine& engine, const std::string& module_path) {
  const auto file = WRUN_TRY(MappedFile::open(module_path, wasm::kMaxModuleBytes));
  const auto before = status_of(module_path);
  if (!before) return {};
  const cache::Hash wasm = cache::hash_of({file->bytes()});
  const std::string key = key_of(wasm, engine.config());
  const UniqueFd lock = directory_->try_lock(std::string(kLockPrefix) + key);
  if (!lock) return {};
  if (find(module_name(key), wasm) == nullptr) {
    const auto module = WRUN_TRY(engine.load(file->bytes(), file));
    const auto bytes = WRUN_TRY(compile_artifact(engine.config(), *module, {}));
    if (bytes.size() <= kMostBytes) {
      prune(kMostBytes - bytes.size());
      directory_->store(module_name(key), bytes);
      // Checked once more as it came to the disk, when the times of files have ticked on.
      wait_for_file_times();
      find(module_name(key), wasm);
    }
  }
  const auto after = status_of(module_path);
  if (after && before->st_ino == after->st_ino && before->st_ctim.tv_sec == after->st_ctim.tv_sec &&
      before->st_ctim.tv_nsec == after->st_ctim.tv_nsec)
    files_.add(*after, wasm);
  directory_->remove(std::string(kLockPrefix) + key);
  return {};
}

ModuleCache::Info ModuleCache::info() const {
  Info info;
  for (const auto& [name, status] : directory_->entries()) {
    if (!name.starts_with(kModulePrefix)) continue;
    ++info.modules;
    info.bytes += static_cast<uint64_t>(status.st_size);
  }
  return info;
}

void ModuleCache::prune(uint64_t most_bytes) {
  const auto entries = directory_->entries();
  std::map<std::string, time_t> used;  // by names of the index
  for (const auto& [name, status] : entries) used[name] = status.st_mtime;
  struct Kept {
    time_t used;
    uint64_t bytes;
    const cache::Directory::Entry* entry;
  };
  std::vector<Kept> modules;
  uint64_t bytes = 0;
  const time_t now = ::time(nullptr);
  for (const cache::Directory::Entry& entry : entries) {
    const auto size = static_cast<uint64_t>(entry.status.st_size);
    const bool is_old = now - entry.status.st_mtime > kDay;
    if (entry.name.starts_with(kModulePrefix)) {
      const auto last = used.find(cache::FileIndex::name_of(entry.status));
      modules.push_back({last == used.end() ? entry.status.st_mtime : last->second, size, &entry});
      bytes += size;
    } else if (is_old &&
               (entry.name.starts_with(kTemporaryPrefix) || entry.name.starts_with(kLockPrefix))) {
      directory_->remove(entry.name);  // of a process that did not come to do so
    } else if (cache::FileIndex::is_name(entry.name) && now - entry.status.st_mtime > 90 * kDay) {
      directory_->remove(entry.name);
    }
  }
  std::ranges::sort(modules, {}, &Kept::used);
  for (const Kept& module : modules) {
    if (bytes <= most_bytes) break;
    directory_->remove(module.entry->name);
    directory_->remove(cache::FileIndex::name_of(module.entry->status));
    bytes -= module.bytes;
  }
}

void ModuleCache::clear() {
  for (const auto& [name, status] : directory_->entries())
    for (const std::string_view prefix : {kModulePrefix, kLockPrefix, kTemporaryPrefix})
      if (name.starts_with(prefix) || cache::FileIndex::is_name(name)) directory_->remove(name);
}

}  // namespace wrun::engine
