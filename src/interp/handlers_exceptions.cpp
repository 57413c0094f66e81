// Exceptions (spec 4.4.5).
#include "gc/object.hpp"
#include "interp/handler.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

// handler, u32 bytes from fp to the payload, u32 tag at 12
WRUN_HANDLER void throw_tag(WRUN_STATE_PARAMETERS) {
  const runtime::Tag& tag = vm->instance->tag(fetch<uint32_t>(pc, 12));
  const auto* payload = reinterpret_cast<const uint64_t*>(reinterpret_cast<const std::byte*>(fp) +
                                                          fetch<uint32_t>(pc, 8));
  r0 = vm->store->new_exception(tag, payload);
  if (r0 == 0) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfMemory);
  WRUN_TAIL_CALL throw_exception(WRUN_STATE);
}

// handler, u16 exception
WRUN_HANDLER void throw_ref(WRUN_STATE_PARAMETERS) {
  r0 = fp[fetch16(pc, 8)];
  if (r0 == 0) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullExceptionReference);
  WRUN_TAIL_CALL throw_exception(WRUN_STATE);
}

}  // namespace

void add_exception_handlers(HandlerTable& table);
void add_exception_handlers(HandlerTable& table) {
  table.codes[static_cast<size_t>(Code::Throw)] = throw_tag;
  table.codes[static_cast<size_t>(Code::ThrowRef)] = throw_ref;
}

}  // namespace wrun::interp::WRUN_ISA
