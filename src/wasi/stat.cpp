#include "wasi/stat.hpp"

#include <cstring>

#include "wasi/guest_memory.hpp"
#include "wasi/nanoseconds.hpp"

namespace wrun::wasi {

void store_filestat(Snapshot snapshot, std::byte* out, const struct stat& status, Filetype type) {
  std::memset(out, 0, layout::filestat_size(snapshot));
  store<uint64_t>(out, status.st_dev);
  store<uint64_t>(out + 8, status.st_ino);
  store<Filetype>(out + 16, type);
  if (snapshot == Snapshot::Unstable) {
    store<uint32_t>(out + 20, static_cast<uint32_t>(status.st_nlink));
    out += 24;
  } else {
    store<uint64_t>(out + 24, status.st_nlink);
    out += 32;
  }
  store<uint64_t>(out, static_cast<uint64_t>(status.st_size));
  store<uint64_t>(out + 8, to_nanoseconds(status.st_atim));
  store<uint64_t>(out + 16, to_nanoseconds(status.st_mtim));
  store<uint64_t>(out + 24, to_nanoseconds(status.st_ctim));
}

Expected<std::array<timespec, 2>> times_to_set(uint64_t atim, uint64_t mtim, uint32_t fst_flags) {
  if (fst_flags & ~fstflags::kAll) return std::unexpected(Errno::Inval);
  const auto choose = [&](uint64_t time, uint32_t set, uint32_t now) {
    if (fst_flags & now) return timespec{0, UTIME_NOW};
    if (fst_flags & set) return to_timespec(time);
    return timespec{0, UTIME_OMIT};
  };
  const auto contradicts = [&](uint32_t both) { return (fst_flags & both) == both; };
  if (contradicts(fstflags::kAtim | fstflags::kAtimNow) ||
      contradicts(fstflags::kMtim | fstflags::kMtimNow))
    return std::unexpected(Errno::Inval);
  return std::array{choose(atim, fstflags::kAtim, fstflags::kAtimNow),
                    choose(mtim, fstflags::kMtim, fstflags::kMtimNow)};
}

}  // namespace wrun::wasi
