// Handlers of unary and binary instructions, for every operand form, made from Semantics.
#pragma once

#include <array>

#include "interp/handler.hpp"

namespace wrun::interp::WRUN_ISA {

// binary: handler, u16 dst, u16 first slot, u16 second slot | i32 immediate at 12 | f64 at 16
template <Op op, BinaryForm form, Dst dst>
WRUN_HANDLER void binary(WRUN_STATE_PARAMETERS) {
  using S = Semantics<op>;
  using Arg = typename S::Arg;
  constexpr bool kImmediate = form == BinaryForm::SI || form == BinaryForm::IS ||
                              form == BinaryForm::RI || form == BinaryForm::IR;
  constexpr size_t kSize = kImmediate ? kImmediateSize<Arg> : 16;
  Arg a, b;
  if constexpr (form == BinaryForm::SS || form == BinaryForm::SR || form == BinaryForm::SI)
    a = read_slot<Arg>(fp, fetch16(pc, 10));
  else if constexpr (form == BinaryForm::RS || form == BinaryForm::RI)
    a = read_acc<Arg>(r0, f0, g0, v0);
  else
    a = read_immediate<Arg>(pc);
  if constexpr (form == BinaryForm::SS)
    b = read_slot<Arg>(fp, fetch16(pc, 12));
  else if constexpr (form == BinaryForm::RS || form == BinaryForm::IS)
    b = read_slot<Arg>(fp, fetch16(pc, 10));
  else if constexpr (form == BinaryForm::SR || form == BinaryForm::IR)
    b = read_acc<Arg>(r0, f0, g0, v0);
  else
    b = read_immediate<Arg>(pc);
  if constexpr (requires { S::trap(a, b); }) {
    const TrapKind kind = S::trap(a, b);
    if (kind != TrapKind::None) [[unlikely]]
      WRUN_TRAP_WITH(to_trap_code(kind));
  }
  const auto result = S::eval(a, b);
  write_acc(r0, f0, g0, v0, result);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), result);
  WRUN_NEXT(kSize);
}

// branch: handler, u16 first slot, u16 second slot | i16 immediate at 10, i32 target at 12,
// or i32 immediate at 16
template <Op op, BranchForm form, bool if_true>
WRUN_HANDLER void compare_branch(WRUN_STATE_PARAMETERS) {
  using S = Semantics<op>;
  using Arg = typename S::Arg;
  Arg a, b;
  constexpr bool kWide = form == BranchForm::SW || form == BranchForm::RW;
  if constexpr (form == BranchForm::SS || form == BranchForm::SR || form == BranchForm::SI ||
                form == BranchForm::SW)
    a = read_slot<Arg>(fp, fetch16(pc, 8));
  else
    a = read_acc<Arg>(r0, f0, g0, v0);
  if constexpr (form == BranchForm::SS)
    b = read_slot<Arg>(fp, fetch16(pc, 10));
  else if constexpr (form == BranchForm::RS)
    b = read_slot<Arg>(fp, fetch16(pc, 8));
  else if constexpr (form == BranchForm::SR)
    b = read_acc<Arg>(r0, f0, g0, v0);
  else if constexpr (kWide)
    b = static_cast<Arg>(static_cast<int64_t>(fetch<int32_t>(pc, 16)));
  else
    b = static_cast<Arg>(static_cast<int64_t>(fetch<int16_t>(pc, 10)));
  if ((S::eval(a, b) != 0) == if_true) {
    pc += fetch<int32_t>(pc, 12);
    WRUN_DISPATCH();
  }
  WRUN_NEXT(kWide ? 24 : 16);
}

// unary: handler, u16 dst, u16 slot
template <Op op, UnaryForm form, Dst dst>
WRUN_HANDLER void unary(WRUN_STATE_PARAMETERS) {
  using S = Semantics<op>;
  using Arg = typename S::Arg;
  Arg a;
  if constexpr (form == UnaryForm::S)
    a = read_slot<Arg>(fp, fetch16(pc, 10));
  else
    a = read_acc<Arg>(r0, f0, g0, v0);
  if constexpr (requires { S::trap(a); }) {
    const TrapKind kind = S::trap(a);
    if (kind != TrapKind::None) [[unlikely]]
      WRUN_TRAP_WITH(to_trap_code(kind));
  }
  const auto result = S::eval(a);
  write_acc(r0, f0, g0, v0, result);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), result);
  WRUN_NEXT(16);
}

// Vectors have no immediate forms.
template <Op op, BinaryForm form, Dst dst>
constexpr Handler binary_handler() {
  constexpr bool kImmediate = form == BinaryForm::SI || form == BinaryForm::IS ||
                              form == BinaryForm::RI || form == BinaryForm::IR;
  if constexpr (kImmediate && std::is_same_v<typename Semantics<op>::Arg, V128>)
    return nullptr;
  else
    return binary<op, form, dst>;
}

template <Op op, size_t... form>
constexpr auto make_binary_row(std::index_sequence<form...>) {
  return std::array<Handler, sizeof...(form)>{
      binary_handler<op, static_cast<BinaryForm>(form / 2), static_cast<Dst>(form % 2)>()...};
}

template <Op op, size_t... form>
constexpr auto make_branch_row(std::index_sequence<form...>) {
  return std::array<Handler, sizeof...(form)>{
      compare_branch < op, static_cast<BranchForm>(form / 2), form % 2 == 1 > ...};
}

template <Op op, size_t... form>
constexpr auto make_unary_row(std::index_sequence<form...>) {
  return std::array<Handler, sizeof...(form)>{
      unary<op, static_cast<UnaryForm>(form / 2), static_cast<Dst>(form % 2)>...};
}

template <Op op>
inline constexpr auto kBinaryRow = make_binary_row<op>(std::make_index_sequence<kBinaryHandlers>{});

template <Op op>
inline constexpr auto kUnaryRow = make_unary_row<op>(std::make_index_sequence<kUnaryHandlers>{});

template <Op op>
constexpr auto make_compare_row() {
  constexpr auto kBinary = kBinaryRow<op>;
  constexpr auto kBranch =
      make_branch_row<op>(std::make_index_sequence<kCompareHandlers - kBinaryHandlers>{});
  std::array<Handler, kCompareHandlers> row{};
  for (size_t i = 0; i < kBinaryHandlers; ++i) row[i] = kBinary[i];
  for (size_t i = 0; i < kBranch.size(); ++i) row[kBinaryHandlers + i] = kBranch[i];
  return row;
}

template <Op op>
inline constexpr auto kCompareRow = make_compare_row<op>();

// add-compare-branch: handler, u16 dst, u16 addend, i32 target at 12, i32 constant at 16, u16 slot |
// i32 immediate at 20
template <Op op, Src right>
WRUN_HANDLER void add_compare_branch(WRUN_STATE_PARAMETERS) {
  const uint32_t sum = read_slot<uint32_t>(fp, fetch16(pc, 10)) + fetch<uint32_t>(pc, 16);
  const uint32_t limit =
      right == Src::Imm ? fetch<uint32_t>(pc, 20) : read_slot<uint32_t>(fp, fetch16(pc, 20));
  r0 = sum;
  write_slot(fp, fetch16(pc, 8), sum);
  if (Semantics<op>::eval(sum, limit) != 0) {
    pc += fetch<int32_t>(pc, 12);
    WRUN_DISPATCH();
  }
  WRUN_NEXT(24);
}

template <Op op>
constexpr auto make_integer_compare_row() {
  std::array<Handler, kIntegerCompareHandlers> row{};
  constexpr auto kCompare = kCompareRow<op>;
  for (size_t i = 0; i < kCompareHandlers; ++i) row[i] = kCompare[i];
  row[add_branch_at(Src::Slot)] = add_compare_branch<op, Src::Slot>;
  row[add_branch_at(Src::Imm)] = add_compare_branch<op, Src::Imm>;
  return row;
}

template <Op op>
inline constexpr auto kIntegerCompareRow = make_integer_compare_row<op>();

template <Op... ops>
void add_integer_compare(HandlerTable& table) {
  ((table.rows[static_cast<size_t>(ops)] = kIntegerCompareRow<ops>.data()), ...);
}
template <Op... ops>
void add_binary(HandlerTable& table) {
  ((table.rows[static_cast<size_t>(ops)] = kBinaryRow<ops>.data()), ...);
}
template <Op... ops>
void add_compare(HandlerTable& table) {
  ((table.rows[static_cast<size_t>(ops)] = kCompareRow<ops>.data()), ...);
}
template <Op... ops>
void add_unary(HandlerTable& table) {
  ((table.rows[static_cast<size_t>(ops)] = kUnaryRow<ops>.data()), ...);
}

}  // namespace wrun::interp::WRUN_ISA
