// A tier for tests: runs the intermediate representation of functions as it stands, one instruction
// after the other, in stores like any other executor. What the compiler's construction and passes make
// is held against the interpreter with it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "ir/build.hpp"
#include "runtime/instance.hpp"

namespace wrun::test {

class Evaluator final : public runtime::Executor {
 public:
  // `transform` is applied to every function once it is built, for instance the passes.
  using Transform = std::function<void(ir::Function&)>;
  explicit Evaluator(Transform transform = {}, const ir::BuildOptions& options = {})
      : transform_(std::move(transform)), options_(options) {}

  Result<void> prepare(runtime::Instance& instance) override;
  runtime::TrapCode call(runtime::Store& store, runtime::FuncRef& function,
                         uint64_t* slots) override;

  // What verifying found wrong in any function that has run.
  std::string problems;
  uint64_t evaluated = 0;  // functions

 private:
  friend class Activation;
  const ir::Function& function_of(runtime::FuncRef& function);

  Transform transform_;
  ir::BuildOptions options_;
  std::unordered_map<runtime::FuncRef*, std::unique_ptr<ir::Function>> functions_;
  uint32_t depth_ = 0;
};

// All passes, verifying after each; says in `problem` what is wrong first.
void optimise(ir::Function& function, std::string& problem);

}  // namespace wrun::test
