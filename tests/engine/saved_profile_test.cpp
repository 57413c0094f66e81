// Profiles: what is counted, kept in files, and made of it.
#include "engine/saved_profile.hpp"

#include <cstring>
#include <string>

#include "catch.hpp"
#include "engine/compiled_artifact.hpp"
#include "engine/engine.hpp"
#include "runtime/linker.hpp"
#include "text/parser.hpp"

namespace {

using namespace wrun;
using Heat = wasm::Profile::Heat;

// $main calls $square by reference, now and then $never, and $other in its last rounds.
constexpr std::string_view kSource = R"((module
  (type $f (func (param i32) (result i32)))
  (table funcref (elem $square $other))
  (func $square (type $f) (i32.mul (local.get 0) (local.get 0)))
  (func $other (type $f) (i32.sub (local.get 0) (i32.const 1)))
  (func $unused (param i32) (result i32) (call $square (local.get 0)))
  (func (export "main") (param $rounds i32) (result i32) (local $sum i32)
    (loop
      (local.set $sum (i32.add (local.get $sum)
        (call_indirect (type $f) (local.get $rounds) (i32.lt_u (local.get $rounds) (i32.const 3)))))
      (br_if 0 (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $sum))))";

struct Guest {
  explicit Guest(std::string_view source, engine::EngineConfig config)
      : engine((config.features = wasm::FeatureSet::all(), config)), store(engine.new_store()) {
    auto parsed = text::parse_module(source);
    if (!parsed) FAIL(parsed.error().message);
    const auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(parsed->bytes));
    const auto loaded = engine.load(*bytes, bytes);
    if (!loaded) FAIL(loaded.error().message);
    module = *loaded;
    const auto made = runtime::Linker(*store).instantiate(module, "test");
    if (!made) FAIL(made.error().message);
    instance = *made;
  }
  uint64_t call(std::string_view name, uint64_t argument) {
    uint64_t slots[1] = {argument};
    REQUIRE(store->call(*std::get<runtime::FuncRef*>(*instance->find_export(name)), slots));
    return slots[0];
  }

  engine::Engine engine;
  std::unique_ptr<runtime::Store> store;
  std::shared_ptr<const wasm::Module> module;
  runtime::Instance* instance = nullptr;
};

const engine::EngineConfig kCounting = {.tier = engine::Tier::Auto, .tier_up_after = UINT32_MAX};

std::string message_of(std::span<const std::byte> file, const wasm::Module& module) {
  const auto loaded = engine::SavedProfile::load(file, module);
  return loaded ? "" : loaded.error().message;
}

uint32_t offset_of_call_indirect(const wasm::Module& module) {
  const wasm::Function& main = module.functions[3];
  for (uint32_t at = main.body_offset; at < main.body_offset + main.body_size; ++at)
    if (module.bytes[at] == std::byte{0x11}) return at;
  return 0;
}

}  // namespace

TEST_CASE("a profile knows what ran and whom calls by reference called") {
  Guest guest(kSource, kCounting);
  if (!guest.engine.runs_compiled_code()) return;
  CHECK_FALSE(guest.engine.profile(*guest.module));
  guest.call("main", 1000);
  const auto taken = guest.engine.profile(*guest.module);
  REQUIRE(taken);
  const auto profile = engine::SavedProfile::load(taken->save(), *guest.module);
  REQUIRE(profile);
  CHECK(profile->save() == taken->save());
  CHECK(profile->heat(0) == Heat::Hot);
  CHECK(profile->heat(1) == Heat::Warm);
  CHECK(profile->heat(2) == Heat::Cold);
  CHECK(profile->heat(3) == Heat::Hot);
  const uint32_t offset = offset_of_call_indirect(*guest.module);
  CHECK(profile->likely_callee(3, offset) == 0);
  CHECK_FALSE(profile->likely_callee(3, offset + 1));
}

TEST_CASE("calls with several callees have no likely one, and a new habit replaces an old one") {
  Guest guest(kSource, kCounting);
  if (!guest.engine.runs_compiled_code()) return;
  const uint32_t offset = offset_of_call_indirect(*guest.module);
  const auto likely = [&] { return guest.engine.profile(*guest.module)->likely_callee(3, offset); };
  for (int i = 0; i < 50; ++i) guest.call("main", 4);
  CHECK_FALSE(likely());
  for (int i = 0; i < 500; ++i) guest.call("main", 2);
  CHECK(likely() == 1);
}

TEST_CASE("a profile that is damaged, cut short or of another module is refused") {
  Guest guest(kSource, kCounting);
  if (!guest.engine.runs_compiled_code()) return;
  guest.call("main", 100);
  const std::vector<std::byte> file = guest.engine.profile(*guest.module)->save();
  REQUIRE(message_of(file, *guest.module).empty());
  for (size_t size = 0; size < file.size(); ++size)
    CHECK_FALSE(message_of(std::span(file).first(size), *guest.module).empty());
  for (size_t i = 0; i < file.size() * 8; ++i) {
    std::vector<std::byte> flipped = file;
    flipped[i / 8] ^= std::byte{1} << (i % 8);
    CHECK_FALSE(message_of(flipped, *guest.module).empty());
  }
  std::vector<std::byte> longer = file;
  longer.emplace_back();
  CHECK(message_of(longer, *guest.module) == "the profile is cut short, or longer than it says");
  std::vector<std::byte> newer = file;
  newer[8] = std::byte{9};
  CHECK(message_of(newer, *guest.module) ==
        "the profile is in another version of the format than this version of wrun reads");
  Guest other("(module (func))", kCounting);
  CHECK(message_of(file, *other.module) == "the profile is of another module");
}

// Whatever numbers somebody makes up, and signs: the code does the same.
TEST_CASE("a profile cannot make wrong code") {
  constexpr std::string_view kTwoTypes = R"((module
    (import "a" "b" (func $imported (param i32) (result i32)))
    (type $f (func (param i32) (result i32)))
    (table funcref (elem $square))
    (func $square (type $f) (i32.mul (local.get 0) (local.get 0)))
    (func $long (param i64) (result i64) (local.get 0))
    (func (export "main") (param i32 i32) (result i32)
      (call_indirect (type $f) (local.get 0) (local.get 1)))))";
  auto parsed = text::parse_module(kTwoTypes);
  REQUIRE(parsed);
  const auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(parsed->bytes));
  engine::Engine engine({.tier = engine::Tier::Optimizing});
  if (!engine.runs_compiled_code()) return;
  const auto module = engine.load(*bytes, bytes);
  REQUIRE(module);
  const auto usual = engine::compile_image(engine.config(), **module);
  REQUIRE(usual);
  const wasm::Function& main = (*module)->functions[3];
  for (const uint32_t callee : {0u, 1u, 2u, 3u, 4u, UINT32_MAX}) {
    wasm::Counts counts;
    for (uint32_t i = 0; i < 4; ++i) counts.functions.push_back({i, 1, UINT64_MAX});
    for (uint32_t at = main.body_offset; at < main.body_offset + main.body_size; ++at)
      counts.callees.push_back({at, callee, UINT32_MAX, 0});
    const engine::SavedProfile made_up(**module, counts);
    const auto loaded = engine::SavedProfile::load(made_up.save(), **module);
    REQUIRE(loaded);
    const auto compiled = engine::compile_image(engine.config(), **module, {.profile = &*loaded});
    REQUIRE(compiled);
    // Only $square can be called there: with all others the code is the usual.
    CHECK((compiled->linked.code != usual->linked.code) == (callee == 1));
  }
}

TEST_CASE("a likely callee is called directly, and everybody else as usual") {
  // The callee traps, throws or calls: all as if it were called by reference.
  constexpr std::string_view kCallers = R"((module
    (type $f (func (param i32) (result i32 i32)))
    (tag $e (param i32))
    (table $t 8 funcref)
    (elem (table $t) (i32.const 0) func $likely $unlikely $throws $long)
    (elem declare func $likely $unlikely $throws)
    (func $likely (type $f) (i32.div_u (i32.const 100) (local.get 0)) (local.get 0))
    (func $unlikely (type $f) (local.get 0) (i32.const 7))
    (func $throws (type $f) (throw $e (local.get 0)))
    (func $long (param i64))
    (func (export "indirect") (param i32) (result i32)
      (i32.add (call_indirect (type $f)
        (i32.and (local.get 0) (i32.const 15)) (i32.shr_u (local.get 0) (i32.const 4)))))
    (func $reference (param i32) (result (ref null $f))
      (if (result (ref null $f)) (i32.eqz (local.get 0)) (then (ref.func $likely)) (else
        (if (result (ref null $f)) (i32.eq (local.get 0) (i32.const 1))
          (then (ref.func $unlikely)) (else (ref.null $f))))))
    (func (export "reference") (param i32) (result i32)
      (i32.add (call_ref $f (i32.and (local.get 0) (i32.const 15))
        (call $reference (i32.shr_u (local.get 0) (i32.const 4))))))
    (func (export "caught") (param i32) (result i32) (local $kept i32)
      (local.set $kept (i32.const 1000))
      (block $h (result i32)
        (try_table (catch $e $h)
          (call_indirect (type $f) (i32.and (local.get 0) (i32.const 15))
            (i32.shr_u (local.get 0) (i32.const 4)))
          (return (i32.add (i32.add) (local.get $kept))))
        (unreachable))
      (return (i32.add (local.get $kept))))))";
  const auto outcome = [](Guest& guest, std::string_view name, uint64_t argument) {
    uint64_t slots[2] = {argument, 0};
    const auto done =
        guest.store->call(*std::get<runtime::FuncRef*>(*guest.instance->find_export(name)), slots);
    if (done) return std::to_string(slots[0]);
    std::string text = done.error().message;
    for (const auto& frame : done.error().frames)
      text += " " + std::to_string(frame.function_index) + "@" + std::to_string(frame.offset);
    return text;
  };
  for (const bool fuel : {false, true}) {
    Guest interpreted(kCallers, {.tier = engine::Tier::Interpreter, .fuel_metering = fuel});
    Guest learning(kCallers, {.tier = engine::Tier::Auto,
                              .tier_up_after = 100,
                              .compiles_meanwhile = false,
                              .fuel_metering = fuel});
    for (Guest* guest : {&interpreted, &learning}) guest->store->fuel = 1 << 20;
    for (const std::string_view name : {"indirect", "reference", "caught"}) {
      for (int i = 0; i < 40; ++i)
        CHECK(outcome(learning, name, 5) == outcome(interpreted, name, 5));
      for (uint64_t argument = 0; argument < 160; ++argument) {
        INFO(name << " " << argument);
        CHECK(outcome(learning, name, argument) == outcome(interpreted, name, argument));
        CHECK(learning.store->fuel == interpreted.store->fuel);
      }
    }
  }
}
