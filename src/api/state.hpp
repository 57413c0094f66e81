// What the handles of the embedding API stand for, and the way from handles to it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engine/module_cache.hpp"
#include "runtime/instance.hpp"
#include "runtime/linker.hpp"
#include "runtime/store.hpp"
#include "wasi/wasi.hpp"
#include "wasm/module.hpp"
#include "wrun/wrun.hpp"

namespace wrun {
namespace detail {

struct EngineState {
  explicit EngineState(const engine::EngineConfig& config) : engine(config) {}
  engine::Engine engine;
};

struct ModuleState {
  ModuleState(const wrun::Engine& of, std::shared_ptr<const wasm::Module> decoded)
      : engine(of), module(std::move(decoded)) {}
  // With code and custom sections, wherever it was loaded from; without them if they are nowhere. Thread-safe.
  const wasm::Module& whole() const;

  Engine engine;
  std::shared_ptr<const wasm::Module> module;

 private:
  mutable std::once_flag making_whole_;
  mutable std::shared_ptr<const wasm::Module> whole_;
};

// The engine's, for the processor that was asked for.
engine::EngineConfig config_for(const Engine& engine, std::optional<Processor> processor);

// Nothing if there is no file.
Result<std::optional<engine::SavedProfile>> load_profile(
    const wasm::Module& module, std::optional<std::span<const std::byte>> file);

struct CacheState {
  std::unique_ptr<engine::ModuleCache> cache;
};

struct RecordingState {
  std::unique_ptr<wasi::Recording> recording;  // null: it is being replayed
  std::vector<Attachment> attachments;
};

struct WasiState {
  std::unique_ptr<wasi::Wasi> wasi;
};

struct HostFunctionState {
  StoreState& store;
  SlotFunction function;
};

struct StoreState : std::enable_shared_from_this<StoreState> {
  StoreState(const Engine& owner, const Limits& limits);

  const Engine owner;
  const uint64_t id;  // unlike that of any other store of the process
  // Instances call host functions and WASI: the store goes first.
  std::deque<HostFunctionState> host_functions;
  std::vector<std::shared_ptr<WasiState>> wasis;
  const std::unique_ptr<runtime::Store> store;
};

}  // namespace detail

// The one friend of all handles.
struct Access {
  template <class Handle, class... Args>
  static Handle make(Args&&... args) {
    return Handle(std::forward<Args>(args)...);
  }
  static engine::Engine& engine(const Engine& handle) { return handle.state_->engine; }
  static engine::ModuleCache& cache(const Cache& handle) { return *handle.state_->cache; }
  static const detail::ModuleState& module(const Module& handle) { return *handle.state_; }
  static const std::shared_ptr<detail::StoreState>& store(const Store& handle) {
    return handle.state_;
  }
  static const std::shared_ptr<detail::WasiState>& wasi(const Wasi& handle) {
    return handle.state_;
  }
  static detail::RecordingState& recording(const Recording& handle) { return *handle.state_; }
  static runtime::FuncRef& function(const Func& handle) { return *handle.function_; }
  static runtime::Memory& memory(const Memory& handle) { return *handle.memory_; }
  static runtime::Global& global(const Global& handle) { return *handle.global_; }
  static runtime::Table& table(const Table& handle) { return *handle.table_; }
  static runtime::Instance& instance(const Instance& handle) { return *handle.instance_; }
};

}  // namespace wrun
