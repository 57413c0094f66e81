// Loads, stores and other memory instructions.
#include <bit>
#include <optional>

#include "interp/translator.hpp"

namespace wrun::interp {

// Whether an access can use the handlers that know memory 0 and a 32-bit offset.
bool Translator::direct_access(const Instruction& insn) const {
  return insn.index == 0 && insn.value <= UINT32_MAX && !wide_;
}

void Translator::load(const Instruction& insn) {
  if (!direct_access(insn)) return load_any(insn);
  const Op op = insn.op;
  const wasm::OpInfo& info = wasm::info(op);
  const Bank bank = bank_of(wasm::ValType(info.signature.results[0]));
  const Handler* row = table_.row(op);
  const Access access = module_code_.access();
  const Op add = address_add();
  const Entry address = take();
  const uint32_t slot = next_slot();

  AddressForm form;
  uint16_t first = 0, second = 0;
  AccState acc_before = acc_;
  const bool from_latest = is_latest(address) && latest_.op == add &&
                           (!latest_.shifted || latest_.immediate == info.access_log2());
  const auto sum_form = static_cast<BinaryForm>(latest_.form);
  uint32_t addend = 0;
  if (address.kind == Entry::Kind::Sum) {
    form = AddressForm::AddSI;
    first = source16(address.local_slot, Bank::Int);
    addend = static_cast<uint32_t>(address.value);
  } else if (from_latest && (sum_form == BinaryForm::SI || sum_form == BinaryForm::RI)) {
    const Latest sum = latest_;
    take_back_latest();
    acc_before = acc_;
    form = sum_form == BinaryForm::SI ? AddressForm::AddSI : AddressForm::AddRI;
    if (sum_form == BinaryForm::SI) first = static_cast<uint16_t>(sum.left);
    addend = static_cast<uint32_t>(sum.immediate);
  } else if (from_latest && insn.value <= UINT16_MAX &&
             (sum_form == BinaryForm::SS || sum_form == BinaryForm::SR ||
              sum_form == BinaryForm::RS)) {
    const Latest sum = latest_;
    take_back_latest();
    acc_before = acc_;
    switch (sum_form) {
      case BinaryForm::SS:
        form = sum.shifted ? AddressForm::ScaledSS : AddressForm::AddSS;
        first = static_cast<uint16_t>(sum.left);
        second = static_cast<uint16_t>(sum.right);
        break;
      case BinaryForm::SR:
        form = sum.shifted ? AddressForm::ScaledSR : AddressForm::AddSR;
        first = static_cast<uint16_t>(sum.left);
        break;
      default:
        form = sum.shifted ? AddressForm::ScaledRS : AddressForm::AddRS;
        first = static_cast<uint16_t>(sum.right);
        break;
    }
  } else if (in_acc(address)) {
    consume_acc(address);
    form = AddressForm::R;
  } else {
    form = AddressForm::S;
    first = operand16(address);
  }
  const bool plus = form == AddressForm::AddSI || form == AddressForm::AddRI;
  const bool one = form == AddressForm::S || form == AddressForm::R || plus;
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(row[load_at(access, form, Dst::Slot)], plus ? 3 : 2);
  put(at, 8, to);
  put(at, 10, first);
  if (one) {
    put(at, 12, static_cast<uint32_t>(insn.value));
  } else {
    put(at, 12, second);
    put(at, 14, static_cast<uint16_t>(insn.value));
  }
  if (plus) put(at, 16, addend);
  note_offset(at);
  push_result(bank, at, row[load_at(access, form, Dst::Acc)]);
  latest_.position = at;
  latest_.acc_before = acc_before;
}

void Translator::store(const Instruction& insn) {
  if (!direct_access(insn)) return store_any(insn);
  Op op = insn.op;
  const wasm::OpInfo& info = wasm::info(op);
  const Access access = module_code_.access();
  const Op add = address_add();
  const Entry value = pop();
  const Entry address = take();

  // Constants go into the instruction when they fit; floats by their bits.
  std::optional<int16_t> immediate;
  if (value.kind == Entry::Kind::Constant) {
    const bool four_bytes = info.access_log2() == 2;
    const int64_t extended =
        four_bytes ? static_cast<int32_t>(value.value) : static_cast<int64_t>(value.value);
    if (extended == static_cast<int16_t>(extended)) {
      immediate = static_cast<int16_t>(extended);
      if (op == Op::F32Store) op = Op::I32Store;
      if (op == Op::F64Store) op = Op::I64Store;
    }
  }
  const Handler* row = table_.row(op);
  const auto sum_form = static_cast<BinaryForm>(latest_.form);
  const bool sum = is_latest(address) && latest_.op == add &&
                   (!latest_.shifted || latest_.immediate == info.access_log2()) &&
                   insn.value <= UINT16_MAX &&
                   (value.kind == Entry::Kind::Local || immediate.has_value());
  StoreForm form;
  uint16_t fields[3] = {};
  bool fused = true;
  if (sum && sum_form == BinaryForm::SS) {
    const Latest latest = latest_;
    fields[0] = static_cast<uint16_t>(latest.left);
    fields[1] = static_cast<uint16_t>(latest.right);
    if (immediate && !latest.shifted) {
      take_back_latest();
      form = StoreForm::AddSSI;
      fields[2] = static_cast<uint16_t>(*immediate);
    } else if (!immediate) {
      take_back_latest();
      if (in_acc(value)) {
        form = latest.shifted ? StoreForm::ScaledSSR : StoreForm::AddSSR;
      } else {
        form = latest.shifted ? StoreForm::ScaledSSS : StoreForm::AddSSS;
        fields[2] = operand16(value);
      }
    } else {
      fused = false;
    }
  } else if (sum && !immediate && !latest_.shifted && sum_form == BinaryForm::RS) {
    fields[1] = static_cast<uint16_t>(latest_.right);
    take_back_latest();
    form = StoreForm::AddRSS;
    fields[2] = operand16(value);
  } else if (sum && !immediate && latest_.shifted && sum_form == BinaryForm::SR) {
    fields[0] = static_cast<uint16_t>(latest_.left);
    take_back_latest();
    form = StoreForm::ScaledSRS;
    fields[2] = operand16(value);
  } else {
    fused = false;
  }
  if (fused) {
    const uint32_t at = emit(row[store_at(access, form)], 2);
    for (uint32_t i = 0; i < 3; ++i) put(at, 8 + 2 * i, fields[i]);
    put(at, 14, static_cast<uint16_t>(insn.value));
    note_offset(at);
    return;
  }

  const bool value_in_acc = !immediate && in_acc(value);
  if (address.kind == Entry::Kind::Sum) {
    form = immediate ? StoreForm::AddSII : value_in_acc ? StoreForm::AddSIR : StoreForm::AddSIS;
    if (immediate)
      fields[1] = static_cast<uint16_t>(*immediate);
    else if (value_in_acc)
      consume_acc(value);
    else
      fields[1] = operand16(value);
    fields[0] = source16(address.local_slot, Bank::Int);
    const uint32_t at = emit(row[store_at(access, form)], 3);
    put(at, 8, fields[0]);
    put(at, 10, fields[1]);
    put(at, 12, static_cast<uint32_t>(insn.value));
    put(at, 16, static_cast<uint32_t>(address.value));
    note_offset(at);
    return;
  }
  const bool address_in_acc = in_acc(address) && !(value_in_acc && value.bank == Bank::Int);
  if (immediate) {
    form = address_in_acc ? StoreForm::RI : StoreForm::SI;
    fields[1] = static_cast<uint16_t>(*immediate);
  } else if (address_in_acc) {
    form = StoreForm::RS;
    fields[1] = operand16(value);
  } else if (value_in_acc) {
    form = StoreForm::SR;
    consume_acc(value);
  } else {
    form = StoreForm::SS;
    fields[1] = operand16(value);
  }
  if (address_in_acc)
    consume_acc(address);
  else
    fields[0] = operand16(address);
  const uint32_t at = emit(row[store_at(access, form)], 2);
  put(at, 8, fields[0]);
  put(at, 10, fields[1]);
  put(at, 12, static_cast<uint32_t>(insn.value));
  note_offset(at);
}

void Translator::load_any(const Instruction& insn) {
  const Bank bank = bank_of(wasm::ValType(wasm::info(insn.op).signature.results[0]));
  const Entry address = pop();
  const uint16_t from = operand16(address);
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(table_.row(insn.op)[kAnyMemoryLoad], 3);
  put(at, 8, to);
  put(at, 10, from);
  put(at, 12, insn.index);
  put(at, 16, insn.value);
  note_offset(at);
  finish_destination(slot, bank);
  push_result(bank, kNone, nullptr);
}

void Translator::store_any(const Instruction& insn) {
  const Entry value = pop();
  const Entry address = pop();
  const uint16_t value_slot = operand16(value);
  const uint16_t address_slot = operand16(address);
  const uint32_t at = emit(table_.row(insn.op)[kAnyMemoryStore], 3);
  put(at, 8, address_slot);
  put(at, 10, value_slot);
  put(at, 12, insn.index);
  put(at, 16, insn.value);
  note_offset(at);
}

// v128.loadN_lane and v128.storeN_lane
void Translator::lane_access(const Instruction& insn) {
  const bool is_load = wasm::info(insn.op).has(wasm::op_flag::Load);
  const Entry vector = pop();
  const Entry address = pop();
  const uint16_t vector_slot = operand16(vector);
  const uint16_t address_slot = operand16(address);
  const uint32_t slot = next_slot();
  const uint16_t to = is_load ? destination16(slot) : 0;
  const uint32_t at = emit(table_.row(insn.op)[0], 4);
  put(at, 8, to);
  put(at, 10, address_slot);
  put(at, 12, vector_slot);
  put(at, 14, insn.lane);
  put(at, 16, insn.value);
  put(at, 24, insn.index);
  note_offset(at);
  if (!is_load) return;
  finish_destination(slot, Bank::V128);
  push_result(Bank::V128, kNone, nullptr);
}

void Translator::memory_op(const Instruction& insn) {
  switch (insn.op) {
    case Op::MemorySize:
      return plain(Code::MemorySize, 0, true, 2,
                   {
                       {12, insn.index}
      });
    case Op::MemoryGrow:
      return plain(Code::MemoryGrow, 1, true, 2,
                   {
                       {12, insn.index}
      });
    case Op::MemoryFill:
      return plain(Code::MemoryFill, 3, false, 3,
                   {
                       {16, insn.index}
      });
    case Op::MemoryCopy:
      return plain(Code::MemoryCopy, 3, false, 3,
                   {
                       {16,  insn.index},
                       {20, insn.index2}
      });
    case Op::MemoryInit:  // data segment, memory
      return plain(Code::MemoryInit, 3, false, 3,
                   {
                       {16, insn.index2},
                       {20,  insn.index}
      });
    default:
      return plain(Code::DataDrop, 0, false, 2,
                   {
                       {12, insn.index}
      });
  }
}

}  // namespace wrun::interp
