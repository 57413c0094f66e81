#include "interp/backtrace.hpp"

#include <algorithm>
#include <map>

#include "binary/names.hpp"
#include "interp/interpreter.hpp"

namespace wrun::interp {
namespace {

// The module offset of the latest noted instruction that starts before `pc`.
uint32_t module_offset(const FuncCode& code, Pc pc, bool returns_to_pc) {
  if (pc < code.begin || pc >= code.begin + code.code_bytes)
    return code.module->module().functions[code.function_index].body_offset;
  const auto at = static_cast<uint32_t>(pc - code.begin);
  const auto* end = code.offsets + code.offset_count;
  const auto* after = std::upper_bound(
      code.offsets, end, returns_to_pc ? at - 1 : at,
      [](uint32_t value, const FuncCode::OffsetEntry& entry) { return value < entry.code; });
  return after == code.offsets ? code.module->module().functions[code.function_index].body_offset
                               : std::prev(after)->wasm;
}

using Names = std::map<const wasm::Module*, binary::NameSection>;

void add_frame(runtime::Trap& trap, Names& names, const VMContext& vm, Pc pc, bool returns_to_pc) {
  const FuncCode* code = find_code(vm, pc);
  if (code == nullptr) return;
  const wasm::Module& module = vm.instance->module();
  if (trap.frames.size() == runtime::kMaxBacktraceFrames) {
    ++trap.omitted_frames;
    return;
  }
  runtime::Frame& frame = trap.frames.emplace_back();
  const binary::NameSection& section = names.try_emplace(&module, module).first->second;
  frame.module = section.module_name().value_or(vm.instance->name());
  frame.function = section.function_name(code->function_index).value_or("");
  frame.function_index = code->function_index;
  frame.offset = module_offset(*code, pc, returns_to_pc);
}

}  // namespace

void record_backtrace(runtime::Store& store) {
  const runtime::Stack& stack = store.stack();
  runtime::Trap& trap = store.last_trap();
  trap.frames.clear();
  trap.omitted_frames = 0;
  const VMContext* vm = stack.exit_vm;
  const auto* record = static_cast<const Record*>(stack.exit_records);
  Names names;
  add_frame(trap, names, *vm, static_cast<Pc>(stack.exit_pc), false);
  for (; record->pc != exit_code(); ++record) {
    if (record->pc == switch_back_code())
      vm = reinterpret_cast<const VMContext*>(record->fp);
    else
      add_frame(trap, names, *vm, record->pc, true);
  }
}

}  // namespace wrun::interp
