#include "wrun/compiled.hpp"
#include "wrun/cache.hpp"

#include "api/state.hpp"
#include "cache/artifact.hpp"
#include "engine/compiled_artifact.hpp"
#include "engine/engine_id.hpp"

namespace wrun {
namespace {

Result<std::shared_ptr<const cache::Artifact>> open_artifact(const FileContents& file,
                                                             cache::FileIndex* known) {
  if (file.owner == nullptr) return fail(Error::Kind::Usage, "these bytes are not of a file");
  return cache::Artifact::open(file.owner, known);
}

}  // namespace

Result<std::optional<engine::SavedProfile>> detail::load_profile(
    const wasm::Module& module, std::optional<std::span<const std::byte>> file) {
  if (!file) return std::nullopt;
  return WRUN_TRY(engine::SavedProfile::load(*file, module));
}

engine::EngineConfig detail::config_for(const Engine& engine, std::optional<Processor> processor) {
  engine::EngineConfig config = Access::engine(engine).config();
  if (processor)
    config.compiler.machine =
        *processor == Processor::AArch64 ? codegen::Machine::A64 : codegen::Machine::X64;
  return config;
}

Result<std::vector<std::byte>> compile(const Module& module, const CompileOptions& options) {
  const detail::ModuleState& state = Access::module(module);
  const auto profile = WRUN_TRY(detail::load_profile(*state.module, options.profile));
  return engine::compile_artifact(
      detail::config_for(state.engine, options.processor), *state.module,
      {
          .embed_wasm = options.embed_wasm,
          .image = {.profile = profile ? &*profile : nullptr, .progress = options.progress}
  });
}

Result<std::vector<std::byte>> save_profile(const Module& module) {
  const detail::ModuleState& state = Access::module(module);
  return WRUN_TRY(Access::engine(state.engine).profile(*state.module)).save();
}

Result<std::string> compile_object(const Module& module, const CompileOptions& options) {
  const detail::ModuleState& state = Access::module(module);
  const auto profile = WRUN_TRY(detail::load_profile(state.whole(), options.profile));
  return engine::compile_object(
      detail::config_for(state.engine, options.processor), state.whole(),
      {.profile = profile ? &*profile : nullptr, .progress = options.progress});
}

bool is_compiled(std::span<const std::byte> bytes) { return cache::is_artifact(bytes); }

Result<LoadedModule> load_compiled(const Engine& engine, const std::string& path,
                                   const Cache* cache) {
  return load_compiled(engine, WRUN_TRY(read_file(path)), cache);
}

Result<LoadedModule> load_compiled(const Engine& engine, const FileContents& file,
                                   const Cache* cache) {
  cache::FileIndex* known = cache == nullptr ? nullptr : &Access::cache(*cache).files();
  const auto artifact = WRUN_TRY(open_artifact(file, known));
  auto loaded = WRUN_TRY(Access::engine(engine).load_artifact(artifact));
  return LoadedModule{Access::make<Module>(std::make_shared<const detail::ModuleState>(
                          engine, std::move(loaded.module))),
                      std::move(loaded.unfit)};
}

Result<CompiledInfo> describe_compiled(const FileContents& file) {
  const auto artifact = WRUN_TRY(open_artifact(file, nullptr));
  const cache::Header& header = artifact->header();
  CompiledInfo info;
  info.format_version = header.version;
  info.engine = cache::to_hex(header.target.engine);
  info.same_engine = header.target.engine == engine::engine_id();
  info.processor = engine::describe_processor(header.target);
  info.settings = engine::describe_settings(header.target);
  info.opt_level = header.target.opt_level;
  info.with_profile = header.target.with_profile != 0;
  info.content_hash = cache::to_hex(header.content);
  info.wasm_hash = cache::to_hex(header.wasm);
  info.wasm_bytes = header.wasm_bytes;
  info.has_wasm = artifact->has_wasm();
  info.functions = artifact->code()->tables.functions.size();
  for (size_t i = 0; i < cache::kSections; ++i)
    info.sections.push_back(
        {cache::kSectionNames[i], "", header.sections[i].offset, header.sections[i].size});
  return info;
}

// --- Cache

Result<Cache> Cache::open(const std::string& directory) {
  auto cache = WRUN_TRY(engine::ModuleCache::open(directory));
  return Cache(std::make_shared<detail::CacheState>(std::move(cache)));
}

const uint64_t Cache::kSmallestModule = engine::ModuleCache::kSmallestModule;
const uint64_t Cache::kMostBytes = engine::ModuleCache::kMostBytes;

bool Cache::is_for(const Engine& engine) { return Access::engine(engine).runs_compiled_code(); }
bool Cache::is_for(const std::string& path) { return engine::ModuleCache::is_for(path); }

const std::string& Cache::directory() const { return state_->cache->path(); }

std::optional<Module> Cache::load(const Engine& engine, const std::string& path) const {
  auto module = state_->cache->load(Access::engine(engine), path);
  if (module == nullptr) return std::nullopt;
  return Access::make<Module>(
      std::make_shared<const detail::ModuleState>(engine, std::move(module)));
}

Result<void> Cache::add(const Engine& engine, const std::string& path) const {
  return state_->cache->add(Access::engine(engine), path);
}

Cache::Info Cache::info() const {
  const auto [modules, bytes] = state_->cache->info();
  return {modules, bytes};
}

void Cache::prune(uint64_t most_bytes) const { state_->cache->prune(most_bytes); }
void Cache::clear() const { state_->cache->clear(); }

}  // namespace wrun
