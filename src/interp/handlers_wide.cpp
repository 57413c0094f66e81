// Wide arithmetic: instructions on pairs of 64-bit integers (wide arithmetic proposal).
#include "interp/handler.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

// handler, u16 dst of the low half (the high one follows), then a u16 slot for each operand
template <Op op>
WRUN_HANDLER void wide(WRUN_STATE_PARAMETERS) {
  const auto operand = [&](size_t index) { return fp[fetch16(pc, 10 + 2 * index)]; };
  wasm::Int128 result;
  if constexpr (wasm::info(op).signature.param_count == 4)
    result = Semantics<op>::eval({operand(0), operand(1)}, {operand(2), operand(3)});
  else
    result = Semantics<op>::eval(operand(0), operand(1));
  uint64_t* to = fp + fetch16(pc, 8);
  to[0] = result.low;
  to[1] = result.high;
  WRUN_NEXT(24);
}

template <Op op>
inline constexpr Handler kRow[] = {wide<op>};

template <Op... ops>
void add_wide(HandlerTable& table) {
  ((table.rows[static_cast<size_t>(ops)] = kRow<ops>), ...);
}

}  // namespace

void add_wide_handlers(HandlerTable& table);
void add_wide_handlers(HandlerTable& table) {
  add_wide<Op::I64Add128, Op::I64Sub128, Op::I64MulWideS, Op::I64MulWideU>(table);
}

}  // namespace wrun::interp::WRUN_ISA
