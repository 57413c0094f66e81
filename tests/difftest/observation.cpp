#include "difftest/observation.hpp"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <random>

#include "runtime/instance.hpp"
#include "runtime/linker.hpp"
#include "runtime/trap.hpp"

namespace wrun::difftest {
namespace {

using wasm::ValType;

constexpr int kRounds = 3;
constexpr int64_t kFuel = 50'000'000;
constexpr int64_t kLittleFuel = 150;
constexpr runtime::StoreLimits kLimits = {
    .memory_bytes = 16 << 20, .table_elements = 1'000'000, .gc_heap_bytes = 16 << 20};

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[200];
  std::snprintf(text, sizeof(text), pattern, arguments...);
  return text;
}

// One of all quiet NaNs. Arithmetic makes no others: where one is signalling, its bits were copied.
uint64_t without_nan_bits(ValType type, uint64_t slot) {
  constexpr uint64_t kQuiet32 = 0x7fc00000, kQuiet64 = 0x7ff8000000000000;
  if (type == wasm::kF32 && (slot & kQuiet32) == kQuiet32) return kQuiet32;
  if (type == wasm::kF64 && (slot & kQuiet64) == kQuiet64) return kQuiet64;
  return slot;
}

Value value_of(ValType type, const uint64_t* slots, bool exact) {
  Value value = {.type = type};
  // What a reference is differs from store to store.
  value.slots[0] = type.is_ref() ? slots[0] != 0
                   : exact       ? slots[0]
                                 : without_nan_bits(type, slots[0]);
  if (type.slots() == 2) value.slots[1] = slots[1];
  return value;
}

// The same for every engine, and for a function whatever else the module has.
Value argument(ValType type, int round, size_t position) {
  constexpr uint64_t kIntegers[] = {0, 1,      0xffffffffffffffff, 100, 0x80000000,
                                    7, 0xfff8, 1ull << 63};
  constexpr double kNumbers[] = {0, 1.5, -1, 1e10, -0.0, 0.1, 3, -7.75};
  std::mt19937_64 random(static_cast<uint64_t>(round) * 1000 + position);
  const bool any = random() % 3 == 0;
  const size_t pick = random() % std::size(kIntegers);
  const uint64_t integer = any ? random() : kIntegers[pick];
  switch (type.kind()) {
    case ValType::Kind::I32:
      return {
          type, {integer & 0xffffffff, 0}
      };
    case ValType::Kind::I64:
      return {
          type, {integer, 0}
      };
    case ValType::Kind::F32:
      return {
          type, {std::bit_cast<uint32_t>(static_cast<float>(kNumbers[pick])), 0}
      };
    case ValType::Kind::F64:
      return {
          type, {std::bit_cast<uint64_t>(kNumbers[pick]), 0}
      };
    case ValType::Kind::V128:
      return {
          type, {integer, any ? random() : integer}
      };
    default:
      return {
          type, {0, 0}
      };
  }
}

uint64_t hash(std::span<const std::byte> bytes) {
  uint64_t result = bytes.size();
  for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, &bytes[i], sizeof(word));
    result = std::rotl((result ^ word) * 0x9e3779b97f4a7c15, 29);
  }
  return result;
}

class Observer {
 public:
  Observer(std::shared_ptr<const wasm::Module> module, engine::Engine& engine, const Way& way)
      : module_(std::move(module)), engine_(engine), way_(way) {}

  Observation observe(bool apart) {
    if (!new_instance()) return std::move(observation_);
    count_functions();
    bool is_fresh = true;
    for (int round = 0; round < kRounds; ++round)
      for (const wasm::Export& each : module_->exports) {
        if (each.kind != wasm::ExternKind::Func || each.name == "reset") continue;
        const wasm::FuncType& type = module_->func_type(each.index);
        if (std::ranges::any_of(type.params, [](ValType t) { return !t.is_defaultable(); }))
          continue;
        if (apart && !is_fresh && !new_instance()) return std::move(observation_);
        is_fresh = false;
        call(each, type, round);
      }
    return std::move(observation_);
  }

 private:
  bool new_instance() {
    runtime::StoreLimits limits = kLimits;
    limits.guarded_memories = way_.guarded_memories;
    store_ = engine_.new_store(limits);
    runtime::Linker linker(*store_);
    auto instance = linker.instantiate(module_, "difftest");
    if (!instance) {
      observation_.problem = instance.error().message;
      return false;
    }
    instance_ = *instance;
    return true;
  }

  void count_functions() {
    for (uint32_t i = module_->imported_functions; i < module_->functions.size(); ++i) {
      const runtime::FuncRef& function = instance_->function(i);
      ++observation_.functions;
      if (function.entry != function.adapter) ++observation_.compiled_functions;
    }
  }

  void call(const wasm::Export& exported, const wasm::FuncType& type, int round) {
    store_->fuel = kFuel;
    reset();
    // In the last round it ends early.
    const int64_t fuel = store_->fuel = round + 1 == kRounds ? kLittleFuel : kFuel;
    Call call = {.function = std::string(exported.name), .arguments = {}};
    std::vector<uint64_t> slots;
    for (size_t i = 0; i < type.params.size(); ++i) {
      call.arguments.push_back(argument(type.params[i], round, i));
      const Value& value = call.arguments.back();
      slots.insert(slots.end(), value.slots, value.slots + value.type.slots());
    }
    slots.resize(std::max({type.param_slots, type.result_slots, 1u}));
    const auto outcome = store_->call(instance_->function(exported.index), slots.data());
    std::string line = call.function + "(" + list(call.arguments) + ") ";
    if (outcome) {
      const uint64_t* slot = slots.data();
      for (const ValType result : type.results) {
        call.results.push_back(value_of(result, slot, way_.config.canonical_nans));
        slot += result.slots();
      }
      line += "= " + list(call.results);
    } else {
      call.trap = outcome.error().code;
      line += "traps: " + std::string(runtime::trap_message(*call.trap)) + where(outcome.error());
    }
    // What a function that traps has used up to there is counted in larger steps.
    if (way_.config.fuel_metering && outcome)
      line += format(", fuel %" PRId64, fuel - store_->fuel);
    observation_.lines.push_back(std::move(line));
    observation_.calls.push_back(std::move(call));
    state();
  }

  // Of two loads that both trap any may be first, fuel is counted ahead, and compiled code throws on at the end
  // of a try what none of its clauses catches.
  static std::string where(const Trap& trap) {
    if (trap.code == TrapCode::OutOfBoundsMemoryAccess || trap.code == TrapCode::OutOfFuel ||
        trap.code == TrapCode::CallStackExhausted)
      return {};
    std::string text = " at";
    for (const Frame& frame : trap.frames) {
      const bool throws = trap.code == TrapCode::UnhandledException && &frame == trap.frames.data();
      text += format(" %u:0x%x", frame.function_index, throws ? 0 : frame.offset);
    }
    return text;
  }

  void reset() {
    const auto function = instance_->find_export("reset");
    uint64_t slots[2] = {};
    if (function && std::holds_alternative<runtime::FuncRef*>(*function))
      (void)store_->call(*std::get<runtime::FuncRef*>(*function), slots);
  }

  void state() {
    std::string line = " ";
    for (uint32_t i = 0; i < module_->memories.size(); ++i) {
      const runtime::Memory& memory = instance_->memory(i);
      line += format(" memory %u: %" PRIu64 " pages %016" PRIx64, i, memory.pages(),
                     hash({memory.base(), memory.size()}));
    }
    for (uint32_t i = 0; i < module_->tables.size(); ++i) {
      const runtime::TableView& table = *instance_->table(i).view();
      uint64_t nulls = 0;
      for (uint64_t j = 0; j < table.size; ++j) nulls += table.elements[j] == 0;
      line += format(" table %u: %" PRIu64 ", null %" PRIu64, i, table.size, nulls);
    }
    for (uint32_t i = 0; i < module_->globals.size(); ++i) {
      const auto global = std::get<runtime::Global*>(instance_->get(wasm::ExternKind::Global, i));
      line += " " + to_string(value_of(global->type.content, global->cell->slots,
                                       way_.config.canonical_nans));
    }
    observation_.lines.push_back(std::move(line));
  }

  static std::string list(const std::vector<Value>& values) {
    std::string text;
    for (const Value& value : values)
      text += (text.empty() ? "" : ", ") + difftest::to_string(value);
    return text;
  }

  std::shared_ptr<const wasm::Module> module_;
  engine::Engine& engine_;
  const Way& way_;
  std::unique_ptr<runtime::Store> store_;
  runtime::Instance* instance_ = nullptr;
  Observation observation_;
};

std::vector<std::vector<Way>> make_way_sets() {
  const auto config = [](engine::Tier tier, bool fuel, bool canonical_nans = false) {
    return engine::EngineConfig{.tier = tier,
                                .tier_up_after = 0,
                                .features = wasm::FeatureSet::all(),
                                .interruptible = fuel,
                                .fuel_metering = fuel,
                                .canonical_nans = canonical_nans,
                                .threads = 1};
  };
  std::vector<std::vector<Way>> sets(3);
  for (const bool fuel : {false, true}) {
    std::vector<Way>& ways = sets[fuel ? 1 : 0];
    ways.push_back({"interp", config(engine::Tier::Interpreter, fuel)});
    ways.push_back({"opt", config(engine::Tier::Optimizing, fuel)});
    ways.push_back({"stress", config(engine::Tier::Auto, fuel)});
    Way background = {"auto", config(engine::Tier::Auto, fuel)};
    background.config.tier_up_after = 20;
    ways.push_back(background);
    // Late enough to know whom calls by reference call.
    Way learning = {"learning", background.config};
    learning.config.compiles_meanwhile = false;
    ways.push_back(learning);
  }
  sets[0].push_back({"interp without guards", config(engine::Tier::Interpreter, false), false});
  sets[0].push_back({"opt without guards", config(engine::Tier::Optimizing, false), false});
  for (const engine::Tier tier :
       {engine::Tier::Interpreter, engine::Tier::Optimizing, engine::Tier::Auto})
    sets[2].push_back({tier == engine::Tier::Interpreter ? "interp" : "compiled, canonical NaNs",
                       config(tier, false, true)});
  return sets;
}

}  // namespace

std::span<const std::vector<Way>> way_sets() {
  static const std::vector<std::vector<Way>> sets = make_way_sets();
  return sets;
}

std::string to_string(const Value& value) {
  const std::string type = wasm::to_string(value.type) + " ";
  if (value.type == wasm::kI32) return type + std::to_string(static_cast<int32_t>(value.slots[0]));
  if (value.type == wasm::kI64) return type + std::to_string(static_cast<int64_t>(value.slots[0]));
  if (value.type == wasm::kV128)
    return type + format("%016" PRIx64 "%016" PRIx64, value.slots[1], value.slots[0]);
  if (value.type == wasm::kF32)
    return type + format("%a", double{std::bit_cast<float>(static_cast<uint32_t>(value.slots[0]))});
  if (value.type == wasm::kF64) return type + format("%a", std::bit_cast<double>(value.slots[0]));
  return type + (value.slots[0] == 0 ? "null" : "ref");
}

Observation observe(std::span<const std::byte> module, const Way& way, bool apart) {
  engine::Engine engine(way.config);
  const auto loaded = engine.load(module, nullptr);
  if (!loaded) return {.problem = loaded.error().message};
  return Observer(*loaded, engine, way).observe(apart);
}

}  // namespace wrun::difftest
