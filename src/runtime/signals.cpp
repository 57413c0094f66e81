#include "runtime/signals.hpp"

#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/assert.hpp"
#include "runtime/fault_context.hpp"
#include "runtime/range_registry.hpp"

namespace wrun::runtime {
namespace {

// Payloads: FaultResume.
constinit RangeRegistry accessing_code;  // whose accesses to guarded memories are traps
constinit RangeRegistry trapping_code;   // whose divisions and undefined instructions are
constinit RangeRegistry reservations;

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
struct sigaction previous_actions[std::size(kSignals)];

const struct sigaction& previous_action(int signal) {
  return previous_actions[std::ranges::find(kSignals, signal) - std::begin(kSignals)];
}

// A signal that a process sent, as opposed to a fault that returning from the handler repeats.
bool is_sent(const siginfo_t* info) { return info->si_code <= 0; }

void die_of(int signal, const siginfo_t* info, const struct sigaction& previous) {
  sigaction(signal, &previous, nullptr);
  if (is_sent(info)) raise(signal);
}

void call_previous(int signal, siginfo_t* info, void* context) {
  const struct sigaction& previous = previous_action(signal);
  const bool takes_info = (previous.sa_flags & SA_SIGINFO) != 0;
  if (!takes_info && previous.sa_handler == SIG_DFL) return die_of(signal, info, previous);
  if (!takes_info && previous.sa_handler == SIG_IGN) {
    // The kernel does not let a process ignore a fault of its own.
    if (!is_sent(info)) die_of(signal, info, previous);
    return;
  }
  sigset_t blocked = previous.sa_mask;
  if ((previous.sa_flags & SA_NODEFER) == 0) sigaddset(&blocked, signal);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  if (takes_info)
    previous.sa_sigaction(signal, info, context);
  else
    previous.sa_handler(signal);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Whether it is a trap; where it goes on then is in `resume`.
bool is_trap(int signal, const siginfo_t* info, ucontext_t& context, uintptr_t& resume) {
  if (is_sent(info)) return false;
  const auto pc = static_cast<uintptr_t>(program_counter(context));
  if (signal == SIGFPE || signal == SIGILL) return trapping_code.find(pc, resume);
  uintptr_t unused = 0;
  return accessing_code.find(pc, resume) &&
         reservations.find(reinterpret_cast<uintptr_t>(info->si_addr), unused);
}

void handle_fault(int signal, siginfo_t* info, void* opaque_context) {
  auto* context = static_cast<ucontext_t*>(opaque_context);
  uintptr_t resume = 0;
  if (is_trap(signal, info, *context, resume)) {
    reinterpret_cast<FaultResume>(resume)(context);
    return;
  }
  call_previous(signal, info, opaque_context);
}

bool install() {
  // SA_NODEFER: the signal is not left blocked, whichever way execution continues.
  struct sigaction action = {};
  action.sa_sigaction = handle_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < std::size(kSignals); ++i)
    WRUN_CHECK(sigaction(kSignals[i], nullptr, &previous_actions[i]) == 0);
  for (const int signal : kSignals) WRUN_CHECK(sigaction(signal, &action, nullptr) == 0);
  return true;
}

}  // namespace

void install_fault_handler() { [[maybe_unused]] static const bool installed = install(); }

CodeRange register_code_range(const void* begin, const void* end, Faults faults,
                              FaultResume resume) {
  const auto add = [&](RangeRegistry& registry) {
    return registry.add(reinterpret_cast<uintptr_t>(begin), reinterpret_cast<uintptr_t>(end),
                        reinterpret_cast<uintptr_t>(resume));
  };
  return {add(accessing_code), faults == Faults::All ? add(trapping_code) : nullptr};
}

void unregister_code_range(const CodeRange& range) {
  accessing_code.remove(static_cast<RangeRegistry::Entry*>(range.accesses));
  if (range.instructions != nullptr)
    trapping_code.remove(static_cast<RangeRegistry::Entry*>(range.instructions));
}

Reservation* register_reservation(const void* begin, size_t bytes) {
  const auto address = reinterpret_cast<uintptr_t>(begin);
  return reinterpret_cast<Reservation*>(reservations.add(address, address + bytes, 0));
}

void unregister_reservation(Reservation* reservation) {
  reservations.remove(reinterpret_cast<RangeRegistry::Entry*>(reservation));
}

}  // namespace wrun::runtime
