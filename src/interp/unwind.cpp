#include "interp/unwind.hpp"

#include <cstring>

#include "interp/frame_walker.hpp"
#include "interp/handler.hpp"
#include "interp/interpreter.hpp"
#include "runtime/instance.hpp"

namespace wrun::interp {
namespace {

const ExceptionHandler* find_handler(const FuncCode& code, const gc::Exception& exception,
                                     const Activation& frame) {
  const auto at = static_cast<uint32_t>(frame.pc - code.begin);
  uint32_t depth = UINT32_MAX;  // of the innermost block that may still catch it
  for (uint32_t i = 0; i < code.handler_count; ++i) {
    const ExceptionHandler& handler = code.handlers[i];
    if (at < handler.begin || at >= handler.end || handler.depth > depth) continue;
    if (handler.kind == ExceptionHandler::Kind::Delegate)
      depth = handler.target;
    else if (handler.tag == ExceptionHandler::kNone ||
             &frame.vm->instance->tag(handler.tag) == exception.tag)
      return &handler;
  }
  return nullptr;
}

void enter_handler(const FuncCode& code, const ExceptionHandler& handler, gc::Exception& exception,
                   Activation& frame) {
  if (handler.payload_slot != ExceptionHandler::kNone && exception.slots != 0)
    std::memcpy(frame.fp + handler.payload_slot, exception.payload(),
                exception.slots * sizeof(uint64_t));
  if (handler.exception_slot != ExceptionHandler::kNone)
    frame.fp[handler.exception_slot] = gc::to_reference(&exception);
  frame.pc = code.begin + handler.target;
}

}  // namespace

bool unwind(gc::Exception& exception, Activation& state) {
  FrameWalker walker(state.vm->store->executor().compiled_code(), state.pc, state.fp, state.vm,
                     state.sp);
  do {
    if (walker.is_compiled()) continue;
    const FuncCode* code = find_code(*walker.vm(), walker.pc());
    if (code == nullptr || code->begin == nullptr || walker.pc() < code->begin) continue;
    Activation frame = {walker.pc(), walker.fp(), walker.vm(), walker.sp()};
    if (const ExceptionHandler* handler = find_handler(*code, exception, frame)) {
      enter_handler(*code, *handler, exception, frame);
      state = frame;
      return true;
    }
  } while (walker.next());
  return false;
}

WRUN_HANDLER void throw_exception(WRUN_STATE_PARAMETERS) {
  Activation state{pc, fp, vm, sp};
  if (!unwind(*gc::to_exception(r0), state)) {
    vm->store->uncaught_exception = r0;
    WRUN_TRAP_WITH(TrapCode::UnhandledException);
  }
  pc = state.pc;
  fp = state.fp;
  vm = state.vm;
  sp = state.sp;
  memory = vm->memory0->base;
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
