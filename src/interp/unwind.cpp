#include "interp/unwind.hpp"

#include <cstring>

#include "interp/handler.hpp"
#include "interp/interpreter.hpp"
#include "runtime/instance.hpp"

namespace wrun::interp {
namespace {

const ExceptionHandler* find_handler(const FuncCode& code, const gc::Exception& exception,
                                     const FrameWalker& frame) {
  const auto at = static_cast<uint32_t>(frame.pc() - code.begin);
  uint32_t depth = UINT32_MAX;  // of the innermost block that may still catch it
  for (uint32_t i = 0; i < code.handler_count; ++i) {
    const ExceptionHandler& handler = code.handlers[i];
    if (at < handler.begin || at >= handler.end || handler.depth > depth) continue;
    if (handler.kind == ExceptionHandler::Kind::Delegate)
      depth = handler.target;
    else if (handler.tag == ExceptionHandler::kNone ||
             &frame.vm()->instance->tag(handler.tag) == exception.tag)
      return &handler;
  }
  return nullptr;
}

void land(const FuncCode& code, const ExceptionHandler& handler, gc::Exception& exception,
          const FrameWalker& frame, runtime::StackState& stack) {
  uint64_t* fp = frame.fp();
  if (handler.payload_slot != ExceptionHandler::kNone && exception.slots != 0)
    std::memcpy(fp + handler.payload_slot, exception.payload(), exception.slots * sizeof(uint64_t));
  if (handler.exception_slot != ExceptionHandler::kNone)
    fp[handler.exception_slot] = gc::to_reference(&exception);
  stack.landing_pc = code.begin + handler.target;
  stack.landing_frame = fp;
  stack.landing_records = frame.sp();
  stack.landing_vm = frame.vm();
}

bool has_landing(const FrameWalker& frame, const gc::Exception& exception) {
  const runtime::CompiledPc& pc = frame.compiled_pc();
  return pc.landing != nullptr && pc.catches.catches(pc.region, [&](uint32_t tag) {
    return &frame.vm()->instance->tag(tag) == exception.tag;
  });
}

// Compiled code looks at the tag once more.
void land(gc::Exception& exception, const FrameWalker& frame, runtime::StackState& stack) {
  stack.landing_pc = frame.compiled_pc().landing;
  stack.landing_frame = const_cast<uint64_t*>(frame.compiled_frame());
  stack.landing_vm = frame.vm();
  stack.landing_exception = gc::to_reference(&exception);
  frame.read_saved_registers(stack.landing_saved);
  if (frame.interpreter_frames() == nullptr) return;
  stack.frames = frame.interpreter_frames();
  stack.entry_record = frame.entry_record();
}

[[gnu::noinline]] Landing throw_from(uint64_t exception, Pc pc, uint64_t* fp, VMContext* vm,
                                     Record* sp) {
  FrameWalker walker(vm->store->executor().compiled_code(), pc, fp, vm, sp);
  return unwind(*gc::to_exception(exception), walker, vm->store->stack());
}

}  // namespace

Landing unwind(gc::Exception& exception, FrameWalker& walker, runtime::StackState& stack) {
  do {
    if (walker.is_compiled()) {
      if (!has_landing(walker, exception)) continue;
      land(exception, walker, stack);
      return Landing::Compiled;
    }
    const FuncCode* code = find_code(*walker.vm(), walker.pc());
    if (code == nullptr || code->begin == nullptr || walker.pc() < code->begin) continue;
    if (const ExceptionHandler* handler = find_handler(*code, exception, walker)) {
      land(*code, *handler, exception, walker, stack);
      return Landing::Interpreter;
    }
  } while (walker.next());
  return Landing::None;
}

WRUN_HANDLER void throw_exception(WRUN_STATE_PARAMETERS) {
  const Landing landing = throw_from(r0, pc, fp, vm, sp);
  if (landing == Landing::None) {
    vm->store->uncaught_exception = r0;
    WRUN_TRAP_WITH(TrapCode::UnhandledException);
  }
  const runtime::StackState& stack = vm->store->stack();
  vm = stack.landing_vm;
  memory = vm->memory0->base;
  if (landing == Landing::Compiled)
    WRUN_TAIL_CALL reinterpret_cast<Handler>(const_cast<void*>(vm->landing))(WRUN_STATE);
  pc = static_cast<Pc>(stack.landing_pc);
  fp = stack.landing_frame;
  sp = static_cast<Record*>(const_cast<void*>(stack.landing_records));
  WRUN_DISPATCH();
}

WRUN_HANDLER void leave_host_call(WRUN_STATE_PARAMETERS) {
  if (r0 == static_cast<uint64_t>(TrapCode::UnhandledException)) {
    const runtime::RefSlot exception = std::exchange(vm->store->uncaught_exception, 0);
    if (exception != 0) {
      r0 = exception;
      WRUN_TAIL_CALL throw_exception(WRUN_STATE);
    }
  }
  WRUN_TAIL_CALL trap_exit(WRUN_STATE);
}

}  // namespace wrun::interp
