// The interpreter as a tier: translates functions to register code on their first call and runs it.
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "interp/bytecode.hpp"
#include "runtime/instance.hpp"
#include "runtime/store.hpp"
#include "wasm/profile.hpp"

namespace wrun::interp {

class ModuleCode;

// The tier above: learns which code is hot, and may have something better to go on with. Thread-safe.
class TierUp {
 public:
  // Code for the rest of an activation, from the beginning of a round of a loop. Null: there is none yet.
  struct LoopEntry {
    Handler enter = nullptr;  // takes the code in r0
    const void* code = nullptr;
    uint64_t frame_bytes = 0;  // that the stack must have room for
  };

  virtual ~TierUp() = default;
  // What FuncCode::heat begins with: calls take several of it, rounds of loops 1.
  virtual int32_t initial_heat() const = 0;
  // It has been used up; gives the function some more.
  virtual void function_is_hot(FuncCode& function) = 0;
  // Likewise at the loop whose instruction is at this offset in the module.
  virtual LoopEntry loop_is_hot(FuncCode& function, uint32_t offset) = 0;
  // The function is called for the first time. True: it has code already, to which its calls go from now on.
  virtual bool enters_compiled(FuncCode& function) = 0;
  // Nobody runs the module any more, and its code is about to go.
  virtual void forget(ModuleCode& code) = 0;
};

struct InterpreterOptions {
  bool interruptible = false;   // check Store::interrupted() at loops and function entries
  bool canonical_nans = false;  // as the result of any arithmetic
  bool fuel_metering = false;   // count instructions down from Store::fuel
  bool count_heat = false;      // and tell tier_up
  TierUp* tier_up = nullptr;    // outlives the interpreter
};

// Register code of one module for one way of accessing memory 0; shared by all its instances.
class ModuleCode final : public wasm::Profile {
 public:
  ModuleCode(std::shared_ptr<const wasm::Module> module, const wasm::TypeRegistry& types,
             Access access, const InterpreterOptions& options);

  const wasm::Module& module() const { return *module_; }
  const wasm::TypeRegistry& types() const { return types_; }
  Access access() const { return access_; }
  const InterpreterOptions& options() const { return options_; }
  FuncCode& function(uint32_t index) {
    FuncCode& code = functions_[index - module_->imported_functions];
    if (__atomic_load_n(&code.module, __ATOMIC_ACQUIRE) == nullptr) [[unlikely]]
      make(code, index);
    return code;
  }
  // Thread-safe; later calls for the same function do nothing.
  void translate(FuncCode& function);
  // From now on calls go to `enter`, with the pc at FuncCode::enter_compiled, and enough room on the
  // stack for `frame_bytes`. Thread-safe.
  void replace(FuncCode& function, Handler enter, const void* compiled, uint64_t frame_bytes);
  // What was counted so far; nothing if heat is not counted.
  wasm::Counts counts() const;
  // wasm::Profile
  Heat heat(uint32_t function_index) const override;
  std::optional<uint32_t> likely_callee(uint32_t function_index, uint32_t offset) const override;
  bool is_last_owner() const { return module_.use_count() == 1; }
  // The tier above's record of the module, set before any of its code runs.
  void* tier_up_record = nullptr;
  // The function whose code holds `pc`, or which was about to be translated there; null if none.
  const FuncCode* find(Pc pc);

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  void make(FuncCode& code, uint32_t index);

  std::shared_ptr<const wasm::Module> module_;
  const wasm::TypeRegistry& types_;
  Access access_;
  InterpreterOptions options_;
  // Zeros until they are asked for: of a large program most never are.
  std::unique_ptr<FuncCode[], Free> functions_;
  std::mutex making_;
  mutable std::mutex mutex_;  // guards what follows, and translation
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::map<Pc, const FuncCode*> by_address_;
};

class Interpreter final : public runtime::Executor {
 public:
  explicit Interpreter(const InterpreterOptions& options);
  ~Interpreter() override;

  Result<void> prepare(runtime::Instance& instance) override;
  runtime::TrapCode call(runtime::Store& store, runtime::FuncRef& function,
                         uint64_t* slots) override;

 private:
  ModuleCode& code_for(runtime::Instance& instance, Access access);

  InterpreterOptions options_;
  std::mutex mutex_;
  // By module and access. Code lives as long as the interpreter does.
  std::map<std::pair<const wasm::Module*, Access>, std::unique_ptr<ModuleCode>> modules_;
};

// --- for handlers

void translate_function(FuncCode& code);
// Sets FuncRef::code of a function of an instance.
FuncCode& make_code(runtime::FuncRef& function);
// The code that a record returns to when its function belongs to another instance.
Pc switch_back_code();
// The code that the outermost record of an activation returns to.
Pc exit_code();
// The function of the instance whose code holds `pc`; null if none.
const FuncCode* find_code(const VMContext& vm, Pc pc);

}  // namespace wrun::interp
