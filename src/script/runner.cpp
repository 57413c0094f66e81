#include "script/runner.hpp"

#include <algorithm>
#include <utility>

#include "cache/artifact.hpp"
#include "engine/compiled_artifact.hpp"
#include "script/spectest.hpp"
#include "script/values.hpp"
#include "wasm/subtyping.hpp"

namespace wrun::script {
namespace {

using text::AssertRefused;
using wasm::ValType;

// The latest module or instance goes under this name as well.
constexpr const char* kLatest = "";

std::string_view name_of(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::Malformed:   return "malformed";
    case Error::Kind::Invalid:     return "invalid";
    case Error::Kind::Unsupported: return "unsupported";
    case Error::Kind::Unlinkable:  return "unlinkable";
    case Error::Kind::Trap:        return "trap";
    default:                       return "error";
  }
}

std::string describe(const Error& error) {
  return std::string(name_of(error.kind)) + ": " + error.message;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

CommandKind kind_of(const text::Module&) { return CommandKind::Module; }
CommandKind kind_of(const text::ModuleInstance&) { return CommandKind::ModuleInstance; }
CommandKind kind_of(const text::Register&) { return CommandKind::Register; }
CommandKind kind_of(const text::Action&) { return CommandKind::Action; }
CommandKind kind_of(const text::AssertReturn&) { return CommandKind::AssertReturn; }
CommandKind kind_of(const text::AssertTrap&) { return CommandKind::AssertTrap; }
CommandKind kind_of(const text::AssertExhaustion&) { return CommandKind::AssertExhaustion; }
CommandKind kind_of(const text::AssertException&) { return CommandKind::AssertException; }
CommandKind kind_of(const text::AssertSuspension&) { return CommandKind::AssertSuspension; }
CommandKind kind_of(const text::Thread&) { return CommandKind::Thread; }
CommandKind kind_of(const text::Wait&) { return CommandKind::Wait; }
CommandKind kind_of(const AssertRefused& command) {
  switch (command.reason) {
    case AssertRefused::Reason::Malformed:       return CommandKind::AssertMalformed;
    case AssertRefused::Reason::Invalid:         return CommandKind::AssertInvalid;
    case AssertRefused::Reason::Unlinkable:      return CommandKind::AssertUnlinkable;
    case AssertRefused::Reason::MalformedCustom: return CommandKind::AssertMalformedCustom;
    case AssertRefused::Reason::InvalidCustom:   return CommandKind::AssertInvalidCustom;
  }
  return CommandKind::AssertMalformed;
}

// Whether a module that was refused while loading was refused for the reason that a script gives.
// What is wrong with a custom section shows where the section is read.
bool is_reason(AssertRefused::Reason reason, Error::Kind kind) {
  switch (reason) {
    case AssertRefused::Reason::Malformed:  return kind == Error::Kind::Malformed;
    case AssertRefused::Reason::Invalid:    return kind == Error::Kind::Invalid;
    case AssertRefused::Reason::Unlinkable: return false;
    case AssertRefused::Reason::MalformedCustom:
    case AssertRefused::Reason::InvalidCustom:
      return kind == Error::Kind::Malformed || kind == Error::Kind::Invalid;
  }
  return false;
}

// Of a reference to a type of the module, only the hierarchy matters to scripts.
ValType without_index(const wasm::Module& module, ValType type) {
  if (!type.is_ref()) return type;
  const wasm::TypeSpace space{module.types, module.canonical_types};
  return ValType::ref(wasm::top_of(space, type.heap()), type.nullable());
}

Verdict compare_message(const std::string& expected, const std::string& got) {
  if (got.starts_with(expected)) return Verdict::passed();
  return {Verdict::Status::OtherMessage, expected, got};
}

}  // namespace

Runner::Runner(engine::Engine& engine, RunnerOptions options)
    : engine_(engine), options_(options), store_(engine.new_store()), linker_(*store_) {
  auto defined = define_spectest(*store_, linker_, engine.config().features);
  if (!defined) setup_error_ = defined.error().message;
}

Runner::~Runner() = default;

void Runner::run(const text::Script& script, Report& report) {
  report_ = &report;
  for (const text::Command& command : script.commands)
    std::visit(
        [&](const auto& one) {
          Verdict verdict = run(one);
          report.add(kind_of(one), one.position, std::move(verdict));
        },
        command);
  while (!threads_.empty()) finish(threads_.begin()->first);
}

// --- Modules ---

Result<Runner::ModulePtr> Runner::compile(const text::Module& module) {
  auto binary = module.encode();
  if (!binary) return fail(Error::Kind::Malformed, std::move(binary).error().message);
  auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(binary->bytes));
  const std::span<const std::byte> span = *bytes;
  auto loaded = WRUN_TRY(engine_.load(span, std::move(bytes)));
  return options_.compiled ? from_artifact(*loaded) : std::move(loaded);
}

Result<Runner::ModulePtr> Runner::from_artifact(const wasm::Module& module) {
  const auto bytes = WRUN_TRY(engine::compile_artifact(engine_.config(), module, {}));
  const auto artifact = WRUN_TRY(cache::Artifact::from_bytes(bytes));
  auto [loaded, unfit] = WRUN_TRY(engine_.load_artifact(artifact));
  if (unfit) return fail(Error::Kind::Unsupported, *unfit);
  return std::move(loaded);
}

Result<runtime::Instance*> Runner::instantiate(ModulePtr module, const std::string& id) {
  if (!setup_error_.empty()) return fail(Error::Kind::Unsupported, setup_error_);
  return linker_.instantiate(std::move(module), id.empty() ? "module" : id);
}

Verdict Runner::run(const text::Module& command) {
  instances_.erase(kLatest);
  auto module = compile(command);
  if (!module) return Verdict::failed("a module", describe(module.error()));
  definitions_[kLatest] = definitions_[command.id] = *module;
  if (command.is_definition) return Verdict::passed();
  return instantiate_as(command.id, *std::move(module));
}

Verdict Runner::run(const text::ModuleInstance& command) {
  const auto definition = definitions_.find(command.definition);
  if (definition == definitions_.end())
    return Verdict::failed("a module definition", "unknown module $" + command.definition);
  return instantiate_as(command.id, definition->second);
}

Verdict Runner::instantiate_as(const std::string& id, ModulePtr module) {
  auto instance = instantiate(std::move(module), id);
  if (!instance) return Verdict::failed("an instance", describe(instance.error()));
  instances_[kLatest] = instances_[id] = *instance;
  return Verdict::passed();
}

Verdict Runner::run(const text::Register& command) {
  if (const auto shared = shared_instances_.find(command.module);
      shared != shared_instances_.end()) {
    define_shared(command.name, *shared->second);
    return Verdict::passed();
  }
  runtime::Instance* instance = find_instance(command.module);
  if (instance == nullptr)
    return Verdict::failed("an instance", "unknown instance $" + command.module);
  linker_.define_instance(command.name, *instance);
  return Verdict::passed();
}

runtime::Instance* Runner::find_instance(const std::string& id) const {
  const auto found = instances_.find(id);
  return found == instances_.end() ? nullptr : found->second;
}

Verdict Runner::run(const AssertRefused& command) {
  const std::string expected = std::string(kCommandNames[static_cast<size_t>(kind_of(command))])
                                   .substr(std::string_view("assert_").size()) +
                               " module: " + command.message;
  auto module = compile(command.module);
  if (module && command.reason == AssertRefused::Reason::Unlinkable)
    return assert_unlinkable(command, *std::move(module));
  if (module) return Verdict::failed(expected, "a valid module");
  if (!is_reason(command.reason, module.error().kind))
    return Verdict::failed(expected, describe(module.error()));
  return compare_message(command.message, module.error().message);
}

Verdict Runner::assert_unlinkable(const AssertRefused& command, ModulePtr module) {
  const auto instance = instantiate(std::move(module), command.module.id);
  if (instance) return Verdict::failed("unlinkable module: " + command.message, "an instance");
  if (instance.error().kind != Error::Kind::Unlinkable)
    return Verdict::failed("unlinkable module: " + command.message, describe(instance.error()));
  return compare_message(command.message, instance.error().message);
}

// --- Actions ---

Runner::Outcome Runner::perform(const text::Action& action) {
  runtime::Instance* instance = find_instance(action.module);
  if (instance == nullptr) return std::unexpected(NoResults{"unknown instance $" + action.module});
  const wasm::Export* entry = instance->module().find_export(action.name);
  const auto kind =
      action.kind == text::Action::Kind::Get ? wasm::ExternKind::Global : wasm::ExternKind::Func;
  if (entry == nullptr || entry->kind != kind)
    return std::unexpected(NoResults{"no such export: " + quoted(action.name)});
  return action.kind == text::Action::Kind::Get ? get(*instance, *entry)
                                                : invoke(*instance, *entry, action);
}

Runner::Outcome Runner::invoke(runtime::Instance& instance, const wasm::Export& entry,
                               const text::Action& action) {
  const wasm::FuncType& type = instance.module().func_type(entry.index);
  if (action.arguments.size() != type.params.size())
    return std::unexpected(NoResults{quoted(action.name) + " takes " +
                                     std::to_string(type.params.size()) + " arguments, not " +
                                     std::to_string(action.arguments.size())});
  Results results;
  results.slots.resize(std::max({type.param_slots, type.result_slots, 1u}));
  uint64_t* slots = results.slots.data();
  for (size_t i = 0; i < type.params.size(); ++i) {
    if (!store_value(action.arguments[i], without_index(instance.module(), type.params[i]), slots))
      return std::unexpected(NoResults{"argument " + std::to_string(i + 1) + " is not of type " +
                                       wasm::to_string(type.params[i])});
    slots += type.params[i].slots();
  }
  auto returned = store_->call(instance.function(entry.index), results.slots.data());
  if (!returned)
    return std::unexpected(NoResults{std::move(returned.error().message), returned.error().code});
  for (const ValType result : type.results)
    results.types.push_back(without_index(instance.module(), result));
  return results;
}

Runner::Outcome Runner::get(runtime::Instance& instance, const wasm::Export& entry) {
  const auto* global = std::get<runtime::Global*>(instance.get(entry.kind, entry.index));
  const ValType type = instance.module().globals[entry.index].type.content;
  return Results{
      {without_index(instance.module(),                  type)},
      {         global->cell->slots[0], global->cell->slots[1]}
  };
}

Verdict Runner::run(const text::Action& command) {
  const Outcome outcome = perform(command);
  return outcome ? Verdict::passed() : Verdict::failed("a result", outcome.error().reason);
}

Verdict Runner::run(const text::AssertReturn& command) {
  const Outcome outcome = perform(command.action);
  if (!outcome) return Verdict::failed(describe(command.results), outcome.error().reason);
  const uint64_t* slots = outcome->slots.data();
  bool matching = outcome->types.size() == command.results.size();
  for (size_t i = 0; matching && i < command.results.size(); ++i) {
    matching = matches(command.results[i], outcome->types[i], slots);
    slots += outcome->types[i].slots();
  }
  if (matching) return Verdict::passed();
  return Verdict::failed(describe(command.results),
                         describe(outcome->types, outcome->slots.data()));
}

Verdict Runner::expect_trap(const text::Action& action, const std::string& message) {
  const std::string expected = "trap: " + message;
  const Outcome outcome = perform(action);
  if (outcome) return Verdict::failed(expected, describe(outcome->types, outcome->slots.data()));
  if (outcome.error().trap == runtime::TrapCode::None ||
      !outcome.error().reason.starts_with(message))
    return Verdict::failed(expected, outcome.error().reason);
  return Verdict::passed();
}

Verdict Runner::run(const text::AssertTrap& command) {
  if (const auto* action = std::get_if<text::Action>(&command.subject))
    return expect_trap(*action, command.message);
  const auto& source = std::get<text::Module>(command.subject);
  const std::string expected = "trap: " + command.message;
  auto module = compile(source);
  if (!module) return Verdict::failed(expected, describe(module.error()));
  const auto instance = instantiate(*std::move(module), source.id);
  if (instance) return Verdict::failed(expected, "an instance");
  if (instance.error().kind != Error::Kind::Trap ||
      !instance.error().message.starts_with(command.message))
    return Verdict::failed(expected, describe(instance.error()));
  return Verdict::passed();
}

Verdict Runner::run(const text::AssertExhaustion& command) {
  return expect_trap(command.action, command.message);
}

Verdict Runner::run(const text::AssertException& command) {
  const Outcome outcome = perform(command.action);
  if (outcome)
    return Verdict::failed("an exception", describe(outcome->types, outcome->slots.data()));
  if (outcome.error().trap != runtime::TrapCode::UnhandledException)
    return Verdict::failed("an exception", outcome.error().reason);
  return Verdict::passed();
}

Verdict Runner::run(const text::AssertSuspension& command) {
  const Outcome outcome = perform(command.action);
  return Verdict::failed("a suspension", outcome ? "no suspension" : outcome.error().reason);
}

// --- Threads ---

// Of an instance in another thread's store, all that this one may use are its shared memories.
void Runner::define_shared(const std::string& name, runtime::Instance& instance) {
  for (const wasm::Export& entry : instance.module().exports)
    if (entry.kind == wasm::ExternKind::Memory && instance.module().memories[entry.index].is_shared)
      linker_.define(name, entry.name, instance.get(entry.kind, entry.index));
}

Verdict Runner::run(const text::Thread& command) {
  auto thread = std::make_unique<Thread>();
  thread->runner = std::make_unique<Runner>(engine_);
  for (const std::string& id : command.shared_modules) {
    runtime::Instance* instance = find_instance(id);
    if (instance == nullptr) return Verdict::failed("an instance", "unknown instance $" + id);
    thread->runner->shared_instances_[id] = instance;
  }
  finish(command.id);
  thread->thread = std::thread([&script = command.script.front(), thread = thread.get()] {
    thread->runner->run(script, thread->report);
  });
  threads_[command.id] = std::move(thread);
  return Verdict::passed();
}

Verdict Runner::run(const text::Wait& command) {
  if (!threads_.contains(command.thread))
    return Verdict::failed("a thread", "unknown thread $" + command.thread);
  finish(command.thread);
  return Verdict::passed();
}

// Waits for the thread, if there is one; what its commands came to counts as ours.
void Runner::finish(const std::string& id) {
  const auto found = threads_.find(id);
  if (found == threads_.end()) return;
  const std::unique_ptr<Thread> thread = std::move(found->second);
  threads_.erase(found);
  thread->thread.join();
  report_->add(std::move(thread->report));
}

}  // namespace wrun::script
