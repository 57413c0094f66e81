// WasiThreads: programs that start threads (wasi-threads), each with a store of its own on memories that
// all share.
//
//   Linker linker(store);
//   linker.define_wasi(wasi);
//   auto threads = WasiThreads::create(linker, module, wasi);
//   auto instance = linker.instantiate(module);
//   auto outcome = threads->finish(instance->func("_start")->call<void()>());
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "wrun/error.hpp"
#include "wrun/linker.hpp"
#include "wrun/module.hpp"
#include "wrun/store.hpp"
#include "wrun/wasi.hpp"

namespace wrun {

struct WasiThreadsConfig {
  // Threads at the same time besides the first; `thread-spawn` fails beyond.
  uint32_t max_threads = 256;
  Limits limits = {};  // of each thread's store
  // Gives a thread's linker what the module imports besides WASI and shared memories. Called on any
  // thread of the program. What it defines belongs to the store of that linker.
  std::function<Result<void>(Linker&, Store&)> link = {};
};

// The threads of one program. Made, used and destroyed by the thread that makes the calls into it.
class WasiThreads {
 public:
  // Defines `wasi.thread-spawn` and a new memory for each shared one that the module imports and that
  // `linker` lacks. Fails with Kind::Usage if the engine is not interruptible, since threads could not be
  // ended, or if it meters fuel.
  static Result<WasiThreads> create(Linker& linker, const Module& module, const Wasi& wasi,
                                    const WasiThreadsConfig& config = {});
  ~WasiThreads();  // as finish()
  WasiThreads(WasiThreads&&) noexcept;
  WasiThreads& operator=(WasiThreads&&) noexcept;

  // A program ends when its first thread does, and when any thread traps or exits: then all
  // others are interrupted. Takes what the call into the first thread came to, waits until the rest
  // is over, and returns what the program came to. No thread can be started any more.
  Result<void> finish(Result<void> first_thread);

 private:
  struct State;
  explicit WasiThreads(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace wrun
