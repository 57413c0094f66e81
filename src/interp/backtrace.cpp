#include "interp/backtrace.hpp"

#include <algorithm>
#include <map>

#include "binary/names.hpp"
#include "interp/frame_walker.hpp"
#include "interp/interpreter.hpp"

namespace wrun::interp {
namespace {

// The module offset of the latest noted instruction that starts at `pc` or before.
uint32_t module_offset(const FuncCode& code, Pc pc) {
  if (pc < code.begin || pc >= code.begin + code.code_bytes)
    return code.module->module().functions[code.function_index].body_offset;
  const auto at = static_cast<uint32_t>(pc - code.begin);
  const auto* end = code.offsets + code.offset_count;
  const auto* after = std::upper_bound(
      code.offsets, end, at,
      [](uint32_t value, const FuncCode::OffsetEntry& entry) { return value < entry.code; });
  return after == code.offsets ? code.module->module().functions[code.function_index].body_offset
                               : std::prev(after)->wasm;
}

using Names = std::map<const wasm::Module*, binary::NameSection>;

void add_frame(runtime::Trap& trap, Names& names, const VMContext& vm, uint32_t function_index,
               uint32_t offset) {
  const wasm::Module& module = vm.instance->module();
  if (trap.frames.size() == runtime::kMaxBacktraceFrames) {
    ++trap.omitted_frames;
    return;
  }
  runtime::Frame& frame = trap.frames.emplace_back();
  const binary::NameSection& section = names.try_emplace(&module, module).first->second;
  frame.module = section.module_name().value_or(vm.instance->name());
  frame.function = section.function_name(function_index).value_or("");
  frame.function_index = function_index;
  frame.offset = offset;
}

void add_compiled_frames(runtime::Trap& trap, Names& names, const VMContext& vm,
                         const runtime::CompiledPc& pc) {
  uint32_t offset = pc.wasm_offset;
  for (uint32_t i = pc.inlined_call; i != wasm::InlinedCall::kNone;) {
    const wasm::InlinedCall& call = pc.inlined_calls[i];
    add_frame(trap, names, vm, call.callee, offset);
    offset = call.offset;
    i = call.outer;
  }
  add_frame(trap, names, vm, pc.function_index, offset);
}

}  // namespace

void record_backtrace(runtime::Store& store) {
  const runtime::Stack& stack = store.stack();
  runtime::Trap& trap = store.last_trap();
  trap.frames.clear();
  trap.omitted_frames = 0;
  Names names;
  FrameWalker walker(stack, store.executor().compiled_code());
  do {
    if (walker.is_compiled()) {
      const runtime::CompiledPc& pc = walker.compiled_pc();
      if (pc.function_index != runtime::CompiledPc::kNoFunction)
        add_compiled_frames(trap, names, *walker.vm(), pc);
    } else if (const FuncCode* code = find_code(*walker.vm(), walker.pc())) {
      add_frame(trap, names, *walker.vm(), code->function_index, module_offset(*code, walker.pc()));
    }
  } while (walker.next());
}

}  // namespace wrun::interp
