// Floating-point arithmetic, comparisons and conversions (spec 4.3.3).
#include "interp/numeric_handlers.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

// handler, u16 dst, u16 src
template <class Float>
WRUN_HANDLER void canonical_nan(WRUN_STATE_PARAMETERS) {
  const Float value = read_slot<Float>(fp, fetch16(pc, 10));
  write_slot(fp, fetch16(pc, 8), value != value ? static_cast<Float>(__builtin_nan("")) : value);
  WRUN_NEXT(16);
}

// The same for each lane.
template <class Float>
WRUN_HANDLER void canonical_nans(WRUN_STATE_PARAMETERS) {
  V128 value = read_slot<V128>(fp, fetch16(pc, 10));
  Float lanes[sizeof value / sizeof(Float)];
  __builtin_memcpy(lanes, &value, sizeof value);
  for (Float& lane : lanes)
    if (lane != lane) lane = static_cast<Float>(__builtin_nan(""));
  __builtin_memcpy(&value, lanes, sizeof value);
  write_slot(fp, fetch16(pc, 8), value);
  WRUN_NEXT(16);
}

}  // namespace

#define WRUN_ARITHMETIC(F)                                                                  \
  add_binary<Op::F##Add, Op::F##Sub, Op::F##Mul, Op::F##Div, Op::F##Min, Op::F##Max,        \
             Op::F##Copysign>(table);                                                       \
  add_compare<Op::F##Eq, Op::F##Ne, Op::F##Lt, Op::F##Gt, Op::F##Le, Op::F##Ge>(table);     \
  add_unary<Op::F##Abs, Op::F##Neg, Op::F##Sqrt, Op::F##Ceil, Op::F##Floor, Op::F##Trunc,   \
            Op::F##Nearest, Op::F##ConvertI32S, Op::F##ConvertI32U, Op::F##ConvertI64S,     \
            Op::F##ConvertI64U, Op::I32Trunc##F##S, Op::I32Trunc##F##U, Op::I64Trunc##F##S, \
            Op::I64Trunc##F##U, Op::I32TruncSat##F##S, Op::I32TruncSat##F##U,               \
            Op::I64TruncSat##F##S, Op::I64TruncSat##F##U>(table);

void add_float_handlers(HandlerTable& table);
void add_float_handlers(HandlerTable& table) {
  WRUN_ARITHMETIC(F32)
  WRUN_ARITHMETIC(F64)
  add_unary<Op::F32DemoteF64, Op::F64PromoteF32, Op::I32ReinterpretF32, Op::I64ReinterpretF64,
            Op::F32ReinterpretI32, Op::F64ReinterpretI64>(table);
  const auto set = [&](Code code, Handler handler) {
    table.codes[static_cast<size_t>(code)] = handler;
  };
  set(Code::CanonicalNanF32, canonical_nan<float>);
  set(Code::CanonicalNanF64, canonical_nan<double>);
  set(Code::CanonicalNanF32x4, canonical_nans<float>);
  set(Code::CanonicalNanF64x2, canonical_nans<double>);
}

}  // namespace wrun::interp::WRUN_ISA
