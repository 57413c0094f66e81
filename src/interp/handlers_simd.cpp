// Vector instructions (spec 4.3.6). Which row an instruction gets follows from the shape of its
// Semantics; the forms of each row are listed in translate_simd.cpp.
#include "interp/numeric_handlers.hpp"
#include "wasm/semantics_simd.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

// handler, u16 dst, u16 vector, u16 count | u32 count, at 12
template <Op op, bool vector_in_acc, bool immediate, Dst dst>
WRUN_HANDLER void shift(WRUN_STATE_PARAMETERS) {
  const V128 vector = vector_in_acc ? v0 : read_slot<V128>(fp, fetch16(pc, 10));
  const uint32_t count =
      immediate ? fetch<uint32_t>(pc, 12) : read_slot<uint32_t>(fp, fetch16(pc, 12));
  v0 = Semantics<op>::eval(vector, count);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), v0);
  WRUN_NEXT(16);
}

// handler, u16 dst, u16 vector, u8 lane
template <Op op, bool vector_in_acc, Dst dst>
WRUN_HANDLER void extract_lane(WRUN_STATE_PARAMETERS) {
  const V128 vector = vector_in_acc ? v0 : read_slot<V128>(fp, fetch16(pc, 10));
  const auto result = Semantics<op>::eval(vector, fetch<uint8_t>(pc, 12));
  write_acc(r0, f0, g0, v0, result);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), result);
  WRUN_NEXT(16);
}

// handler, u16 dst, u16 vector, u16 value, u8 lane
template <Op op, BinaryForm form, Dst dst>
WRUN_HANDLER void replace_lane(WRUN_STATE_PARAMETERS) {
  using Value = typename Semantics<op>::Value;
  const V128 vector = form == BinaryForm::RS ? v0 : read_slot<V128>(fp, fetch16(pc, 10));
  const Value value = form == BinaryForm::SR ? read_acc<Value>(r0, f0, g0, v0)
                                             : read_slot<Value>(fp, fetch16(pc, 12));
  v0 = Semantics<op>::eval(vector, value, fetch<uint8_t>(pc, 14));
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), v0);
  WRUN_NEXT(16);
}

// handler, u16 dst, u16 left, u16 right, 16 lanes at 16
template <Op op, BinaryForm form, Dst dst>
WRUN_HANDLER void shuffle(WRUN_STATE_PARAMETERS) {
  const V128 left = form == BinaryForm::RS ? v0 : read_slot<V128>(fp, fetch16(pc, 10));
  const V128 right = form == BinaryForm::SR ? v0 : read_slot<V128>(fp, fetch16(pc, 12));
  v0 = Semantics<op>::eval(left, right, fetch<V128>(pc, 16));
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), v0);
  WRUN_NEXT(32);
}

// handler, u16 dst, three u16 slots; `acc` is the operand in the accumulator, 3 for none
template <Op op, int acc, Dst dst>
WRUN_HANDLER void ternary(WRUN_STATE_PARAMETERS) {
  const V128 a = acc == 0 ? v0 : read_slot<V128>(fp, fetch16(pc, 10));
  const V128 b = acc == 1 ? v0 : read_slot<V128>(fp, fetch16(pc, 12));
  const V128 c = acc == 2 ? v0 : read_slot<V128>(fp, fetch16(pc, 14));
  v0 = Semantics<op>::eval(a, b, c);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), v0);
  WRUN_NEXT(16);
}

template <Op op>
inline constexpr Handler kShiftRow[] = {
    shift<op, false, false, Dst::Slot>, shift<op, false, false, Dst::Acc>,
    shift<op, false, true, Dst::Slot>,  shift<op, false, true, Dst::Acc>,
    shift<op, true, false, Dst::Slot>,  shift<op, true, false, Dst::Acc>,
    shift<op, true, true, Dst::Slot>,   shift<op, true, true, Dst::Acc>};
template <Op op>
inline constexpr Handler kExtractRow[] = {
    extract_lane<op, false, Dst::Slot>, extract_lane<op, false, Dst::Acc>,
    extract_lane<op, true, Dst::Slot>, extract_lane<op, true, Dst::Acc>};
template <Op op>
inline constexpr Handler kReplaceRow[] = {
    replace_lane<op, BinaryForm::SS, Dst::Slot>, replace_lane<op, BinaryForm::SS, Dst::Acc>,
    replace_lane<op, BinaryForm::SR, Dst::Slot>, replace_lane<op, BinaryForm::SR, Dst::Acc>,
    replace_lane<op, BinaryForm::RS, Dst::Slot>, replace_lane<op, BinaryForm::RS, Dst::Acc>};
template <Op op>
inline constexpr Handler kShuffleRow[] = {
    shuffle<op, BinaryForm::SS, Dst::Slot>, shuffle<op, BinaryForm::SS, Dst::Acc>,
    shuffle<op, BinaryForm::SR, Dst::Slot>, shuffle<op, BinaryForm::SR, Dst::Acc>,
    shuffle<op, BinaryForm::RS, Dst::Slot>, shuffle<op, BinaryForm::RS, Dst::Acc>};
template <Op op>
inline constexpr Handler kTernaryRow[] = {ternary<op, 3, Dst::Slot>, ternary<op, 3, Dst::Acc>,
                                          ternary<op, 2, Dst::Slot>, ternary<op, 2, Dst::Acc>,
                                          ternary<op, 1, Dst::Slot>, ternary<op, 1, Dst::Acc>,
                                          ternary<op, 0, Dst::Slot>, ternary<op, 0, Dst::Acc>};

// Null for instructions that are not vector operations or that belong to handlers_memory.cpp.
template <Op op>
constexpr const Handler* vector_row() {
  constexpr wasm::OpInfo kInfo = wasm::info(op);
  if constexpr (kInfo.prefix != wasm::kSimdPrefix || kInfo.accesses_memory() ||
                kInfo.imm == wasm::Imm::V128)
    return nullptr;
  else if constexpr (kInfo.imm == wasm::Imm::Lanes16)
    return kShuffleRow<op>;
  else if constexpr (kInfo.imm == wasm::Imm::Lane)
    if constexpr (kInfo.signature.param_count == 1)
      return kExtractRow<op>;
    else
      return kReplaceRow<op>;
  else if constexpr (kInfo.signature.param_count == 1)
    return kUnaryRow<op>.data();
  else if constexpr (kInfo.signature.param_count == 3)
    return kTernaryRow<op>;
  else if constexpr (kInfo.signature.params[1] == wasm::ValType::Kind::I32)
    return kShiftRow<op>;
  else
    return kBinaryRow<op>.data();
}

template <size_t... op>
constexpr auto make_vector_rows(std::index_sequence<op...>) {
  return std::array<const Handler*, sizeof...(op)>{vector_row<static_cast<Op>(op)>()...};
}

constexpr auto kVectorRows = make_vector_rows(std::make_index_sequence<wasm::kOpCount>{});

}  // namespace

void add_simd_handlers(HandlerTable& table);
void add_simd_handlers(HandlerTable& table) {
  for (size_t op = 0; op < wasm::kOpCount; ++op)
    if (kVectorRows[op] != nullptr) table.rows[op] = kVectorRows[op];
}

}  // namespace wrun::interp::WRUN_ISA
