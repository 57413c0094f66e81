// Engine: what modules and stores have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wrun/error.hpp"

namespace wrun {

namespace detail {
struct EngineState;
}

// A proposal to the WebAssembly standard that can be switched on and off.
struct FeatureInfo {
  std::string_view name;  // "simd", "tail-call", …
  bool on_by_default;
};

// All proposals that this version knows.
std::span<const FeatureInfo> known_features();

// What runs code; results are the same, bit for bit.
enum class Tier {
  Interpreter,
  Optimizing,  // compiles a module when it is instantiated first, before any of it runs
  // Begins with the interpreter and compiles what gets hot on threads of its own, which it starts when there
  // is something to compile. The guest never waits.
  Auto,
};  // Where there is no compiler, all are the interpreter.

// How the optimizing compiler works, and what it tells of its work: for those who look for faults in it.
struct CompilerConfig {
  int opt_level = 2;  // 0, 1 or 2
  // How many passes are run on how many functions in all, to find the one that breaks something.
  std::optional<uint64_t> opt_bisect = {};
  // "PASS" or "PASS:FUNCTION", a number or name: what functions look like after a pass.
  std::string dump_ir = {};
  bool time_passes = false;  // told when the engine goes
  // Which functions compiled code belongs to, for profilers and debuggers of this host: in
  // /tmp/perf-PID.map, as jit-PID.dump in the working directory, and for GDB.
  bool perf_map = false;
  bool jitdump = false;
  bool gdb = false;
  // Gets what is told, in whole lines; called by one thread at a time.
  std::function<void(std::string_view text)> tell = {};
};

struct Config {
  Tier tier = Tier::Auto;
  // Of Tier::Auto: the rounds of loops, a call counting as several, after which a function is compiled.
  // 0: every function and loop when it is first come to, while the guest waits, to test the compiler.
  uint32_t tier_up_after = 2'000;
  // What `features` deviates from: "wasm-1.0", "wasm-2.0", "wasm-3.0" for a version of the standard,
  // "all" for everything, or empty for what is on by default.
  std::string standard = {};
  struct FeatureSwitch {
    std::string name;
    bool enabled;
  };
  // In order.
  std::vector<FeatureSwitch> features = {};
  // Loops and calls look for Store::interrupt(), which costs a few percent. Without it an
  // interruption is seen only in host calls.
  bool interruptible = false;
  // Instructions are counted against Store::set_fuel(), which costs 10 to 30 percent.
  bool fuel = false;
  // Every NaN that arithmetic gives is the canonical one, with a positive sign, on every host. Costs where
  // there is much arithmetic with floating point.
  bool canonical_nans = false;
  CompilerConfig compiler = {};
  // Threads that validate a large module; 0: as many as there are processors.
  unsigned threads = 0;
};

// A handle, cheap to copy; all functions are thread-safe. Modules and stores keep their engine
// alive. Modules can be instantiated only in stores of the same engine.
class Engine {
 public:
  // Fails with Kind::Usage for a feature or a pass that there is not.
  static Result<Engine> create(const Config& config = {});

 private:
  friend struct Access;
  explicit Engine(std::shared_ptr<detail::EngineState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::EngineState> state_;
};

}  // namespace wrun
