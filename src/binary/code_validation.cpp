#include "binary/code_validation.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/parallel.hpp"
#include "base/printable.hpp"
#include "binary/names.hpp"

namespace wrun::binary {

namespace {

// Below this much code a second thread does not pay for its creation.
constexpr uint32_t kParallelBytes = 256 << 10;
constexpr uint32_t kBatch = 32;  // functions a worker takes at a time

unsigned worker_count(uint32_t code_bytes, unsigned threads) {
  if (code_bytes < kParallelBytes) return 1;
  return std::min(threads ? threads : available_processors(), code_bytes / kParallelBytes + 1);
}

// Hands out functions in ascending order, up to the first invalid one that is known.
class WorkList {
 public:
  WorkList(uint32_t begin, uint32_t end) : next_(begin), end_(end) {}

  uint32_t end() const { return end_.load(std::memory_order_relaxed); }
  uint32_t take_batch() { return next_.fetch_add(kBatch, std::memory_order_relaxed); }
  void stop_at(uint32_t function) {
    uint32_t end = end_.load(std::memory_order_relaxed);
    while (function < end && !end_.compare_exchange_weak(end, function)) {
    }
  }

 private:
  std::atomic<uint32_t> next_;
  std::atomic<uint32_t> end_;
};

// A worker stops at its first error. No worker skips a function below any other's error, so that the
// lowest of all errors is the module's first.
std::optional<Error> validate_batches(const ModuleContext& context, WorkList& list) {
  Validator validator(context);
  for (uint32_t begin; (begin = list.take_batch()) < list.end();) {
    for (uint32_t function = begin; function < std::min(begin + kBatch, list.end()); ++function) {
      if (validator.validate_function(function)) [[likely]]
        continue;
      list.stop_at(function);
      Error error = validator.error();
      error.function = function;
      return error;
    }
  }
  return std::nullopt;
}

void add_place(const wasm::Module& module, Error& error) {
  const wasm::Function& function = module.functions[*error.function];
  if (error.offset >= uint64_t{function.body_offset} + function.body_size)
    error.message += ", past the end of the body";
  error.message += " (in function " + std::to_string(*error.function);
  if (const auto name = NameSection(module).function_name(*error.function))
    error.message += " \"" + printable(*name) + "\"";
  error.message += ")";
}

}  // namespace

std::optional<Error> validate_code(const ModuleContext& context, uint32_t code_bytes,
                                   unsigned threads) {
  const wasm::Module& module = context.module;
  WorkList list(module.imported_functions, static_cast<uint32_t>(module.functions.size()));
  const unsigned workers = worker_count(code_bytes, threads);
  std::vector<std::optional<Error>> errors(workers);
  if (workers == 1)
    errors[0] = validate_batches(context, list);
  else
    run_workers(workers,
                [&](unsigned worker) { errors[worker] = validate_batches(context, list); });

  std::optional<Error> first;
  for (std::optional<Error>& error : errors)
    if (error && (!first || *error->function < *first->function)) first = std::move(error);
  if (first) add_place(module, *first);
  return first;
}

}  // namespace wrun::binary
