#include "wasi/call.hpp"

#include <time.h>

#include <algorithm>

#include "wasi/nanoseconds.hpp"
#include "wasi/preview1.hpp"
#include "wasi/recorder.hpp"

namespace wrun::wasi {

using runtime::TrapCode;

namespace {

uint64_t monotonic_nanoseconds() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return to_nanoseconds(now);
}

// Before the call, which may close them.
void find_grants(Call& call) {
  size_t count = 0;
  for (const Param& param : call.function.signature) {
    if (param.type != ParamType::Descriptor) continue;
    if (const HandleRef handle = call.wasi.descriptors().find(call.word(param.slot)))
      call.grants[count] = handle->grant;
    ++count;
  }
}

}  // namespace

TrapCode observed_call(void* environment, runtime::VMContext& caller, uint64_t* slots) {
  const CallSite& site = *static_cast<const CallSite*>(environment);
  Call call = {site.wasi, site.function, site.snapshot, {}, memory_of(caller)};
  std::copy_n(slots, site.function.signature.slot_count, call.slots.begin());
  find_grants(call);
  for (const auto& observer : site.wasi.observers()) observer->before(call);

  const uint64_t started = monotonic_nanoseconds();
  if (Replay* replay = site.wasi.replay())
    call.trap = replay->perform(call, *caller.store, slots);
  else
    call.trap = site.function.callback(site.snapshot)(&site.wasi, caller, slots);
  call.nanoseconds = monotonic_nanoseconds() - started;

  if (site.function.has_result) call.result = static_cast<Errno>(slots[0]);
  for (const auto& observer : site.wasi.observers()) observer->after(call);
  return call.trap;
}

}  // namespace wrun::wasi
