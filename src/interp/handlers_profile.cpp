// Counting for tiering up.
#include "interp/handler.hpp"
#include "interp/interpreter.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

// Threads that run the function together lose some counts, which does not matter.
[[gnu::always_inline]] inline bool becomes_hot(FuncCode* function, int32_t heat) {
  const int32_t left = __atomic_load_n(&function->heat, __ATOMIC_RELAXED) - heat;
  __atomic_store_n(&function->heat, left, __ATOMIC_RELAXED);
  return left < 0;
}

WRUN_HANDLER void report_hot_function(WRUN_STATE_PARAMETERS) {
  auto* function = fetch<FuncCode*>(pc, 8);
  function->module->options().tier_up->function_is_hot(*function);
  WRUN_NEXT(16);
}

// handler, FuncCode* at 8
WRUN_HANDLER void count_call(WRUN_STATE_PARAMETERS) {
  auto* function = fetch<FuncCode*>(pc, 8);
  __atomic_store_n(&function->calls, __atomic_load_n(&function->calls, __ATOMIC_RELAXED) + 1,
                   __ATOMIC_RELAXED);
  if (becomes_hot(function, FuncCode::kHeatOfCall)) [[unlikely]]
    WRUN_TAIL_CALL report_hot_function(WRUN_STATE);
  WRUN_NEXT(16);
}

WRUN_HANDLER void enter_hot_loop(WRUN_STATE_PARAMETERS) {
  auto* function = fetch<FuncCode*>(pc, 8);
  const TierUp::LoopEntry entry =
      function->module->options().tier_up->loop_is_hot(*function, fetch<uint32_t>(pc, 16));
  if (entry.code != nullptr &&
      reinterpret_cast<uintptr_t>(fp) + entry.frame_bytes <= reinterpret_cast<uintptr_t>(sp)) {
    r0 = reinterpret_cast<uint64_t>(entry.code);
    WRUN_TAIL_CALL entry.enter(WRUN_STATE);
  }
  WRUN_NEXT(24);
}

// handler, FuncCode* at 8, u32 offset of the loop at 16, or 0 where compiled code cannot go on
WRUN_HANDLER void count_round(WRUN_STATE_PARAMETERS) {
  if (becomes_hot(fetch<FuncCode*>(pc, 8), 1)) [[unlikely]]
    WRUN_TAIL_CALL enter_hot_loop(WRUN_STATE);
  WRUN_NEXT(24);
}

}  // namespace

void add_profile_handlers(HandlerTable& table) {
  const auto set = [&](Code code, Handler handler) {
    table.codes[static_cast<size_t>(code)] = handler;
  };
  set(Code::CountCall, count_call);
  set(Code::CountRound, count_round);
}

}  // namespace wrun::interp::WRUN_ISA
