// Checks whose result is what they have checked, and comparisons.
#include <algorithm>

#include "codegen/selector_base.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen {

using runtime::FuncRef;

bool SelectorBase::select_check() {
  const bool is_check =
      insn().op == Op::NullCheck || insn().op == Op::BoundsCheck || insn().op == Op::SignatureCheck;
  if (!is_check) return false;
  const Same checked = as_operand(operand(0));
  if (insn().op == Op::NullCheck) trap_if_zero(checked.operand, 8, insn().trap);
  if (insn().op == Op::BoundsCheck) bounds_check(checked.operand);
  if (insn().op == Op::SignatureCheck) signature_check(checked.operand);
  copy_operand(checked);
  return true;
}

// Traps if index + extent > size.
void SelectorBase::bounds_check(VReg index) {
  using enum Comparison;
  const Value size = operand(1);
  const uint64_t extent = insn().immediate;
  if (const uint64_t bytes = is_constant(size) ? function_[size].immediate : 0;
      bytes >= extent && bytes - extent <= INT32_MAX) {
    compare_number(index, bytes - extent, bytes_of(insn().type));
    return trap_if(condition_of(Above), insn().trap, index);
  }
  const bool is_small = is_32_bits(operand(0));
  VReg end = index;
  VReg limit = in_register(size);
  if (extent > INT32_MAX || (extent > 1 && !is_small && least_size(size) < extent))
    end = sum_or_trap(load_i64(extent), index, insn().trap);
  else if (extent > 1 && is_small)
    end = sum(index, static_cast<int32_t>(extent));
  else if (extent > 1)
    limit = sum(limit, -static_cast<int32_t>(extent));
  compare(end, limit);
  trap_if(condition_of(extent == 1 ? AboveEqual : Above), insn().trap, index);
}

void SelectorBase::signature_check(VReg ref) {
  const uint32_t type = insn().low();
  trap_if_zero(ref, 8, TrapCode::UninitializedElement, in_register(operand(1)));
  if (!function_.module().types[type].is_final) {
    // Types below it do as well.
    const VReg matches = fresh(ValueType::I32);
    test_concrete_type(matches, ref, type, false, false);
    return trap_if_zero(matches, 4, TrapCode::IndirectCallTypeMismatch);
  }
  const VReg id = fresh(ValueType::I32);
  load_i32(id, in_context(layout_.type_id(type)));
  compare_i32(id, at(ref, offsetof(FuncRef, type_id)));
  trap_if(condition_of(Comparison::NotEqual), TrapCode::IndirectCallTypeMismatch);
}

// Comparing again takes no longer than a test of the result, which then perhaps nobody needs.
bool SelectorBase::can_repeat(Value value) const {
  const Op op = function_[value].op;
  return op >= Op::I32Eqz && op <= Op::I64GeU && !vregs_[value.index].exists() &&
         function_.block_of(value) == function_.block_of(current_);
}

}  // namespace wrun::codegen
