#include "base/os_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#if defined(__aarch64__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

namespace wrun {

namespace {

// Clearing the caches is not enough for threads on other processors of AArch64: they may hold instructions
// that they fetched while other code was there.
void synchronize_other_threads() {
#if defined(__aarch64__)
  static const bool is_registered =
      syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0;
  if (is_registered) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
#endif
}

}  // namespace

size_t os_page_size() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t round_up_to_os_page(size_t bytes) {
  const size_t mask = os_page_size() - 1;
  return (bytes + mask) & ~mask;
}

void* os_reserve(size_t bytes) {
  void* address =
      mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return address == MAP_FAILED ? nullptr : address;
}

bool os_commit(void* address, size_t bytes) {
  return bytes == 0 || mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0;
}

void os_prefer_large_pages([[maybe_unused]] void* address, [[maybe_unused]] size_t bytes) {
#ifdef MADV_HUGEPAGE
  madvise(address, bytes, MADV_HUGEPAGE);
#endif
}

bool os_make_executable(void* address, size_t bytes) {
  __builtin___clear_cache(static_cast<char*>(address), static_cast<char*>(address) + bytes);
  if (mprotect(address, bytes, PROT_READ | PROT_EXEC) != 0) return false;
  synchronize_other_threads();
  return true;
}

bool os_map_executable(void* address, size_t bytes, int file, uint64_t offset) {
  return mmap(address, bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file,
              static_cast<off_t>(offset)) != MAP_FAILED;
}

bool os_map_private(void* address, size_t bytes, int file, uint64_t offset) {
  return mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file,
              static_cast<off_t>(offset)) != MAP_FAILED;
}

bool os_reset(void* address, size_t bytes) {
  return bytes == 0 || madvise(address, bytes, MADV_DONTNEED) == 0;
}

bool os_decommit(void* address, size_t bytes) {
  if (bytes == 0) return true;
  // A fresh mapping in place drops the old pages and their accounting in one step.
  return mmap(address, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
              -1, 0) != MAP_FAILED;
}

void os_release(void* address, size_t bytes) {
  if (bytes != 0) munmap(address, bytes);
}

}  // namespace wrun
