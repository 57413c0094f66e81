// What becomes of faults that are not the guest's in a process that handles none itself. Its own
// executable: the fault handler is installed once, on top of what the process has by then.
#include <signal.h>
#include <sys/wait.h>

#include <cstdio>

#include "base/os_memory.hpp"
#include "runtime/faulting_load.hpp"
#include "runtime/memory.hpp"
#include "support/child_process.hpp"

using namespace wrun;

namespace {

int failures = 0;

void check(const char* what, bool holds) {
  if (holds) return;
  std::fprintf(stderr, "failed: %s\n", what);
  ++failures;
}

template <class Body>
bool dies(Body&& body) {
  const int status = test::status_in_child(body);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

template <class Body>
bool lives(Body&& body) {
  return test::status_in_child(body) == 0;
}

bool load_outside() {
  runtime::install_fault_handler();
  return test::load(os_reserve(os_page_size())) == 0;
}

bool send_to_self() {
  runtime::install_fault_handler();
  return raise(SIGSEGV) == 0;
}

bool fault_in_memory() {
  const wasm::MemoryType type = {.limits = {.minimum = 1}};
  auto memory = runtime::Memory::create(type, {});
  test::register_load();
  runtime::install_fault_handler();
  return memory && test::load((*memory)->base() + (*memory)->size()) == test::kFaulted;
}

}  // namespace

int main() {
  signal(SIGSEGV, SIG_DFL);  // whatever a sanitizer does
  check("a fault outside of memories ends the process", dies(load_outside));
  check("a signal that was sent ends the process", dies(send_to_self));
  check("a fault in a memory is the guest's", lives(fault_in_memory));

  signal(SIGSEGV, SIG_IGN);
  check("a fault cannot be ignored", dies(load_outside));
  check("a signal that was sent can", lives(send_to_self));
  check("a fault in a memory is still the guest's", lives(fault_in_memory));
  return failures == 0 ? 0 : 1;
}
