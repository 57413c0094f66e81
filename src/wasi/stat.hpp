// Metadata of files as preview 1 lays it out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wasi/abi.hpp"
#include "wasi/errno.hpp"
#include "wasi/file.hpp"

namespace wrun::wasi {

// Writes layout::filestat_size(snapshot) bytes.
void store_filestat(Snapshot snapshot, std::byte* out, const Metadata& metadata);

// What a call that sets times asks for.
Expected<Times> times_to_set(uint64_t atim, uint64_t mtim, uint32_t fst_flags);

}  // namespace wrun::wasi
