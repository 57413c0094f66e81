// Runs the commands of a script, one after the other, in a store of their own.
//
// A command fails if it does not do what the script says; the next ones run all the same.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/engine.hpp"
#include "runtime/instance.hpp"
#include "runtime/linker.hpp"
#include "script/report.hpp"
#include "text/script.hpp"

namespace wrun::script {

struct RunnerOptions {
  bool compiled = false;  // modules run from artifacts, in memory
};

class Runner {
 public:
  // Scripts have the features of the engine, which outlives the runner.
  explicit Runner(engine::Engine& engine, RunnerOptions options = {});
  ~Runner();

  // Adds to the report what becomes of every command.
  void run(const text::Script& script, Report& report);

 private:
  using ModulePtr = std::shared_ptr<const wasm::Module>;

  // What an action came to: results, or a trap, or nothing because the script is wrong.
  struct Results {
    std::vector<wasm::ValType> types;
    std::vector<uint64_t> slots;
  };
  struct NoResults {
    std::string reason;
    runtime::TrapCode trap = runtime::TrapCode::None;
  };
  using Outcome = std::expected<Results, NoResults>;

  Verdict run(const text::Module& command);
  Verdict run(const text::ModuleInstance& command);
  Verdict run(const text::Register& command);
  Verdict run(const text::Action& command);
  Verdict run(const text::AssertReturn& command);
  Verdict run(const text::AssertTrap& command);
  Verdict run(const text::AssertExhaustion& command);
  Verdict run(const text::AssertException& command);
  Verdict run(const text::AssertSuspension& command);
  Verdict run(const text::AssertRefused& command);
  Verdict run(const text::Thread& command);
  Verdict run(const text::Wait& command);
  void finish(const std::string& thread);

  Result<ModulePtr> compile(const text::Module& module);
  Result<ModulePtr> from_artifact(const wasm::Module& module);
  Result<runtime::Instance*> instantiate(ModulePtr module, const std::string& id);
  Verdict instantiate_as(const std::string& id, ModulePtr module);
  Verdict assert_unlinkable(const text::AssertRefused& command, ModulePtr module);

  Outcome perform(const text::Action& action);
  Outcome invoke(runtime::Instance& instance, const wasm::Export& entry,
                 const text::Action& action);
  Outcome get(runtime::Instance& instance, const wasm::Export& entry);
  Verdict expect_trap(const text::Action& action, const std::string& message);

  runtime::Instance* find_instance(const std::string& id) const;
  void define_shared(const std::string& name, runtime::Instance& instance);

  engine::Engine& engine_;
  const RunnerOptions options_;
  std::unique_ptr<runtime::Store> store_;
  runtime::Linker linker_;
  std::string setup_error_;  // what kept the spectest module from being there

  // By identifier; the latest one also without.
  std::unordered_map<std::string, ModulePtr> definitions_;
  std::unordered_map<std::string, runtime::Instance*> instances_;

  // (thread …): a script with a runner of its own, which knows of ours what is shared.
  struct Thread {
    std::unique_ptr<Runner> runner;
    Report report;
    std::thread thread;
  };
  std::unordered_map<std::string, std::unique_ptr<Thread>> threads_;
  std::unordered_map<std::string, runtime::Instance*> shared_instances_;  // of the parent's store
  Report* report_ = nullptr;
};

}  // namespace wrun::script
