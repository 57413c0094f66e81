// Integer arithmetic, comparisons and conversions (spec 4.3.2).
#include "interp/numeric_handlers.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

// shift-add: handler, u16 dst, u16 first slot, u16 second slot, u8 shift at 14
template <BinaryForm form, Dst dst>
WRUN_HANDLER void shift_add32(WRUN_STATE_PARAMETERS) {
  const uint32_t base =
      form == BinaryForm::RS ? static_cast<uint32_t>(r0) : read_slot<uint32_t>(fp, fetch16(pc, 10));
  const uint32_t index =
      form == BinaryForm::SR
          ? static_cast<uint32_t>(r0)
          : read_slot<uint32_t>(fp, fetch16(pc, form == BinaryForm::SS ? 12 : 10));
  const uint32_t result = base + (index << (fetch<uint8_t>(pc, 14) & 31));
  r0 = result;
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), result);
  WRUN_NEXT(16);
}

}  // namespace

#define WRUN_ARITHMETIC(I)                                                                         \
  add_binary<Op::I##Add, Op::I##Sub, Op::I##Mul, Op::I##DivS, Op::I##DivU, Op::I##RemS,            \
             Op::I##RemU, Op::I##Or, Op::I##Xor, Op::I##Shl, Op::I##ShrS, Op::I##ShrU,             \
             Op::I##Rotl, Op::I##Rotr>(table);                                                     \
  add_unary<Op::I##Eqz, Op::I##Clz, Op::I##Ctz, Op::I##Popcnt, Op::I##Extend8S, Op::I##Extend16S>( \
      table);

void add_integer_handlers(HandlerTable& table);
void add_integer_handlers(HandlerTable& table) {
  WRUN_ARITHMETIC(I32)
  WRUN_ARITHMETIC(I64)
  add_integer_compare<Op::I32Eq, Op::I32Ne, Op::I32LtS, Op::I32LtU, Op::I32GtS, Op::I32GtU,
                      Op::I32LeS, Op::I32LeU, Op::I32GeS, Op::I32GeU>(table);
  add_compare<Op::I64Eq, Op::I64Ne, Op::I64LtS, Op::I64LtU, Op::I64GtS, Op::I64GtU, Op::I64LeS,
              Op::I64LeU, Op::I64GeS, Op::I64GeU>(table);
  // A branch on `and` tests bits.
  add_compare<Op::I32And>(table);
  add_binary<Op::I64And>(table);
  add_unary<Op::I64Extend32S, Op::I32WrapI64, Op::I64ExtendI32S, Op::I64ExtendI32U>(table);
  table.shift_add32 = ShiftAddHandlers{
      .slot = {shift_add32<BinaryForm::SS, Dst::Slot>, shift_add32<BinaryForm::SR, Dst::Slot>,
               shift_add32<BinaryForm::RS, Dst::Slot>},
      .acc = {shift_add32<BinaryForm::SS,  Dst::Acc>, shift_add32<BinaryForm::SR,  Dst::Acc>,
               shift_add32<BinaryForm::RS,  Dst::Acc>}
  };
}

}  // namespace wrun::interp::WRUN_ISA
