// Address space and the pages behind it, as the operating system gives them out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wrun {

size_t os_page_size();
size_t round_up_to_os_page(size_t bytes);  // `bytes` must leave room for it

// Address space that nothing may touch yet; costs no memory. Null when the host refuses.
void* os_reserve(size_t bytes);
// Makes reserved pages readable and writable; they read as zero at first. False when the host
// refuses; the pages then stay inaccessible. All ranges are whole pages.
[[nodiscard]] bool os_commit(void* address, size_t bytes);
// Advice: committed pages will be used as a whole.
void os_prefer_large_pages(void* address, size_t bytes);
// Makes committed pages readable and executable, and no longer writable.
[[nodiscard]] bool os_make_executable(void* address, size_t bytes);
// Puts pages of a file, readable and executable, in the place of reserved or committed ones. They are shared
// with whoever else maps the file, and never written to.
[[nodiscard]] bool os_map_executable(void* address, size_t bytes, int file, uint64_t offset);
// The same, readable and writable; what is written stays here.
[[nodiscard]] bool os_map_private(void* address, size_t bytes, int file, uint64_t offset);
// Committed pages read again as zeros, or as the file that they are mapped from; they stay committed.
[[nodiscard]] bool os_reset(void* address, size_t bytes);
// Back to the reserved state; the contents and the memory behind them are gone.
[[nodiscard]] bool os_decommit(void* address, size_t bytes);
// Gives back address space, the whole reservation or a part of it.
void os_release(void* address, size_t bytes);

}  // namespace wrun
