// Runs part of a test in a child process: for what would end the process or change it for good.
#pragma once

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace wrun::test {

// How `body`, which returns a bool, ended: 0 if true, 1 if false, else a wait status.
template <class Body>
int status_in_child(Body&& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : status;
}

// Leaves the process this many more bytes of address space than it uses now.
inline bool limit_address_space(size_t bytes) {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return false;
  size_t pages = 0;
  const bool read = std::fscanf(file, "%zu", &pages) == 1;
  std::fclose(file);
  const size_t limit = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + bytes;
  const rlimit limits = {limit, limit};
  return read && setrlimit(RLIMIT_AS, &limits) == 0;
}

// Emulators of other machines may ignore the limit.
inline bool can_limit_address_space() {
  return status_in_child([] {
           void* mapping = limit_address_space(1 << 20) ? mmap(nullptr, 1 << 30, PROT_NONE,
                                                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                                        : MAP_FAILED;
           return mapping == MAP_FAILED;
         }) == 0;
}

}  // namespace wrun::test
