// Callees built in the place of calls. Their instructions know what call they stand for, so that
// backtraces are the same; fuel is consumed as in a call.
#include <algorithm>
#include <utility>

#include "ir/builder.hpp"

namespace wrun::ir {

namespace {

// In bytes of bodies, an instruction having two and a bit.
struct Sizes {
  uint32_t longer;
  uint32_t straight;
};
constexpr Sizes kUsualSizes = {.longer = 48, .straight = 96};
constexpr Sizes kHotSizes = {.longer = 96, .straight = 192};
constexpr uint32_t kMaxDepth = 4;
// What may become of a function in all.
constexpr uint32_t kLeastBudget = 400;
constexpr uint32_t kMostBudget = 20000;

enum class Fitness : uint8_t { Straight, Longer, Unfit };

// Calls and loops take longer than the call that is saved. Tail calls, handlers of exceptions, and throwing,
// whose place is told, belong to frames.
Fitness fitness(binary::InstructionReader<true> reader) {
  using enum wasm::Op;
  reader.read_locals([](uint32_t, wasm::ValType) { return true; });
  Fitness result = Fitness::Straight;
  binary::Instruction insn;
  while (!reader.at_end() && reader.next(insn)) {
    switch (insn.op) {
      case Try:
      case TryTable:
      case Throw:
      case ThrowRef:
      case ReturnCall:
      case ReturnCallIndirect:
      case ReturnCallRef:      return Fitness::Unfit;
      case Loop:
      case Call:
      case CallIndirect:
      case CallRef:            result = Fitness::Longer; break;
      default:                 break;
    }
  }
  return result;
}

}  // namespace

uint32_t Builder::inlining_budget(uint32_t body_bytes) {
  return std::clamp(body_bytes, kLeastBudget, kMostBudget);
}

bool Builder::is_worth_inlining(uint32_t function_index) const {
  if (!options_.inlining || function_index < module_.imported_functions) return false;
  const wasm::Function& callee = module_.functions[function_index];
  const bool is_hot = options_.profile != nullptr &&
                      options_.profile->heat(function_index) == wasm::Profile::Heat::Hot;
  const Sizes& sizes = is_hot ? kHotSizes : kUsualSizes;
  if (callee.body_size > std::min(sizes.straight, inlining_budget_)) return false;
  // A recursive call at most once.
  uint32_t depth = 0;
  uint32_t recursions = 0;
  for (const Body* body = body_; body != nullptr; body = body->caller) {
    ++depth;
    recursions += body->function_index == function_index;
  }
  if (depth > kMaxDepth || recursions > 1) return false;
  const Fitness fit = fitness(
      {module_.code_bytes().data(), callee.body_offset, callee.body_offset + callee.body_size});
  return fit == Fitness::Straight || (fit == Fitness::Longer && callee.body_size <= sizes.longer);
}

// Of the operands on the stack, results.
bool Builder::inline_call(uint32_t function_index) {
  if (!is_worth_inlining(function_index)) return false;
  Body callee(module_, function_index, 0);
  if (!callee.flow.is_complete()) return false;
  inlining_budget_ -= callee.function.body_size;
  callee.caller = body_;
  callee.inlined_call = static_cast<uint32_t>(function_.inlined_calls.size());
  function_.inlined_calls.push_back({function_index, offset_, body_->inlined_call});
  const auto params = static_cast<uint32_t>(callee.type.params.size());
  callee.locals.assign(stack_.end() - params, stack_.end());
  drop(params);

  const Value fuel = std::exchange(fuel_, kNoValue);
  const uint64_t fuel_cost = fuel_cost_;
  Body* const caller = std::exchange(body_, &callee);
  offset_ = 0;  // as where a function is entered
  build_body();
  body_ = caller;
  fuel_ = fuel;
  fuel_cost_ = fuel_cost;
  if (!reachable_) continue_unreached(callee.type);
  return true;
}

// The callee never returns. What follows is built all the same: the fuel that it takes is part of what is
// consumed before.
void Builder::continue_unreached(const wasm::FuncType& type) {
  has_unreached_blocks_ = true;
  block_ = function_.create_block();
  reachable_ = true;
  for (const wasm::ValType result : type.results) push(function_.constant(type_of(result), 0));
}

}  // namespace wrun::ir
