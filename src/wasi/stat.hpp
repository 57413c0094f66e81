// Metadata of files as preview 1 lays it out.
#pragma once

#include <sys/stat.h>
#include <time.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "wasi/abi.hpp"
#include "wasi/errno.hpp"
#include "wasi/handles.hpp"

namespace wrun::wasi {

// Writes layout::filestat_size(snapshot) bytes.
void store_filestat(Snapshot snapshot, std::byte* out, const struct stat& status, Filetype type);

// The argument of utimensat(2) for a call that sets times: access, then modification.
Expected<std::array<timespec, 2>> times_to_set(uint64_t atim, uint64_t mtim, uint32_t fst_flags);

}  // namespace wrun::wasi
