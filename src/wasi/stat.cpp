#include "wasi/stat.hpp"

#include <sys/stat.h>

#include <cstring>

#include "wasi/guest_memory.hpp"
#include "wasi/nanoseconds.hpp"

namespace wrun::wasi {

void store_filestat(Snapshot snapshot, std::byte* out, const Metadata& metadata) {
  std::memset(out, 0, layout::filestat_size(snapshot));
  store<uint64_t>(out, metadata.device);
  store<uint64_t>(out + 8, metadata.inode);
  store<Filetype>(out + 16, metadata.type);
  if (snapshot == Snapshot::Unstable) {
    store<uint32_t>(out + 20, static_cast<uint32_t>(metadata.links));
    out += 24;
  } else {
    store<uint64_t>(out + 24, metadata.links);
    out += 32;
  }
  store<uint64_t>(out, metadata.size);
  store<uint64_t>(out + 8, metadata.accessed);
  store<uint64_t>(out + 16, metadata.modified);
  store<uint64_t>(out + 24, metadata.changed);
}

Expected<Times> times_to_set(uint64_t atim, uint64_t mtim, uint32_t fst_flags) {
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
  return Times{choose(atim, fstflags::kAtim, fstflags::kAtimNow),
               choose(mtim, fstflags::kMtim, fstflags::kMtimNow)};
}

}  // namespace wrun::wasi
