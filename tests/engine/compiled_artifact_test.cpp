// Modules from artifacts where their code cannot run after all.
#include <memory>
#include <vector>

#include "catch.hpp"
#include "engine/compiled_artifact.hpp"
#include "engine/engine.hpp"
#include "runtime/linker.hpp"
#include "text/parser.hpp"

namespace {

using namespace wrun;

// Compiled for a memory with a guard region; loaded into stores with or without.
class Artifact {
 public:
  explicit Artifact(bool embed_wasm) {
    const auto parsed = text::parse_module(
        R"((module (memory 1) (data (i32.const 8) "\2a")
          (func (export "answer") (result i32) (i32.load (i32.const 8)))))");
    REQUIRE(parsed);
    const auto bytes = std::make_shared<const std::vector<std::byte>>(parsed->bytes);
    const auto compiled = engine::compile_artifact(engine_.config(), **engine_.load(*bytes, bytes),
                                                   {.embed_wasm = embed_wasm});
    REQUIRE(compiled);
    module_ = engine_.load_artifact(*cache::Artifact::from_bytes(*compiled))->module;
  }

  // What the function gives, or why there is no instance.
  std::string run(bool guarded_memories) {
    const auto store = engine_.new_store({.guarded_memories = guarded_memories});
    const auto instance = runtime::Linker(*store).instantiate(module_, "test");
    if (!instance) return instance.error().message;
    uint64_t result = 0;
    auto& function = *std::get<runtime::FuncRef*>(*(*instance)->find_export("answer"));
    REQUIRE(store->call(function, &result));
    return std::to_string(result);
  }

 private:
  engine::Engine engine_{{.tier = engine::Tier::Auto}};
  std::shared_ptr<const wasm::Module> module_;
};

// The interpreter checks every access under sanitizers, and code that relies on guards is not entered from there.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WRUN_IS_SANITIZED
#endif
#endif
#if defined(WRUN_IS_SANITIZED)
constexpr bool kCodeIsEntered = false;
#else
constexpr bool kCodeIsEntered = true;
#endif

}  // namespace

TEST_CASE("Without the guard region that code was compiled for, the module in the file runs") {
  if (!engine::Engine({.tier = engine::Tier::Auto}).runs_compiled_code()) return;
  Artifact artifact(true);
  CHECK(artifact.run(true) == "42");
  CHECK(artifact.run(false) == "42");
}

TEST_CASE("If the file does not have it, there is an error") {
  if (!engine::Engine({.tier = engine::Tier::Auto}).runs_compiled_code()) return;
  Artifact artifact(false);
  if (kCodeIsEntered) CHECK(artifact.run(true) == "42");
  CHECK(artifact.run(false).find("needs a guard region") != std::string::npos);
}
