#include "wasi/usage.hpp"

#include "wasi/wasi.hpp"

namespace wrun::wasi {
namespace {

// path_open's arguments by slot.
constexpr size_t kOpenFlags = 4;

bool is_refusal(Errno error) {
  return error == Errno::Perm || error == Errno::Acces || error == Errno::Rofs ||
         error == Errno::Notcapable;
}

void count(Grant& grant, const Call& call) {
  if (is_refusal(call.result)) ++grant.refusals;
  if (!call.succeeded()) return;
  switch (call.function.use) {
    case Use::Nothing: break;
    case Use::Looks:   ++grant.looks; break;
    case Use::Changes: ++grant.changes; break;
    case Use::Opens:
      ++(call.slots[kOpenFlags] & (oflags::kCreat | oflags::kTrunc) ? grant.changes : grant.looks);
      break;
    default: ++grant.reads; break;
  }
}

}  // namespace

void UsageObserver::after(const Call& call) {
  const auto count_for = [&](Grant::Kind kind) {
    if (Grant* grant = call.wasi.grant_of(kind)) count(*grant, call);
  };
  switch (call.function.use) {
    case Use::Arguments:   return count_for(Grant::Kind::Arguments);
    case Use::Environment: return count_for(Grant::Kind::Environment);
    case Use::Clock:       return count_for(Grant::Kind::Clocks);
    case Use::Random:      return count_for(Grant::Kind::Random);
    default:               break;
  }
  for (Grant* grant : call.grants)
    if (grant) count(*grant, call);
}

}  // namespace wrun::wasi
