// What all calls share, and the small ones: arguments, environment, process, clocks.
#include "wasi/preview1.hpp"

#include <algorithm>
#include <cstring>

#include "runtime/instance.hpp"

namespace wrun::wasi {

using runtime::MemoryView;
using runtime::TrapCode;

GuestMemory memory_of(runtime::VMContext& caller) {
  const MemoryView* view = caller.instance->default_memory();
  return GuestMemory(view ? MemoryView{view->base, view->size()} : MemoryView{});
}

Preview1::Preview1(Wasi& wasi, runtime::VMContext& caller)
    : Preview1(wasi, *caller.store, memory_of(caller)) {}

Errno Preview1::fault() {
  if (memory_.exists()) {
    trap_ = TrapCode::OutOfBoundsMemoryAccess;
  } else {
    trap_ = TrapCode::HostError;
    store_.set_host_error("WASI needs a memory that the module exports as \"memory\"");
  }
  return Errno::Fault;
}

Errno Preview1::interrupted() {
  trap_ = TrapCode::Interrupted;
  return Errno::Intr;
}

Expected<HandleRef> Preview1::find(Fd fd) {
  HandleRef handle = wasi_.descriptors().find(fd);
  if (!handle) return std::unexpected(Errno::Badf);
  return handle;
}

Expected<HandleRef> Preview1::find_directory(Fd fd) {
  HandleRef handle = WRUN_WASI_TRY(find(fd));
  if (handle->kind != Handle::Kind::Directory) return std::unexpected(Errno::Notdir);
  return handle;
}

Expected<HandleRef> Preview1::find_file(Fd fd) {
  HandleRef handle = WRUN_WASI_TRY(find(fd));
  if (handle->kind == Handle::Kind::Directory) return std::unexpected(Errno::Badf);
  return handle;
}

Expected<std::byte*> Preview1::bytes_at(GuestPtr ptr, uint64_t size) {
  std::byte* place = memory_.at(ptr, size);
  if (!place) return std::unexpected(fault());
  return place;
}

// --- arguments and environment ---

Errno Preview1::write_strings(const StringList& strings, GuestPtr pointers, GuestPtr bytes) {
  std::byte* table = memory_.array(pointers, strings.count(), sizeof(GuestPtr));
  std::byte* text = memory_.at(bytes, strings.bytes().size());
  if (!table || !text) return fault();
  for (uint32_t i = 0; i < strings.count(); ++i)
    store<GuestPtr>(table + i * sizeof(GuestPtr), bytes + strings.offsets()[i]);
  std::memcpy(text, strings.bytes().data(), strings.bytes().size());
  return Errno::Success;
}

Errno Preview1::write_string_sizes(const StringList& strings, GuestPtr count, GuestPtr size) {
  std::byte* count_out = WRUN_WASI_TRY(bytes_at(count, sizeof(GuestSize)));
  std::byte* size_out = WRUN_WASI_TRY(bytes_at(size, sizeof(GuestSize)));
  store<GuestSize>(count_out, strings.count());
  store<GuestSize>(size_out, static_cast<GuestSize>(strings.bytes().size()));
  return Errno::Success;
}

Errno Preview1::args_get(GuestPtr argv, GuestPtr argv_buf) {
  return write_strings(wasi_.arguments(), argv, argv_buf);
}

Errno Preview1::args_sizes_get(GuestPtr argc, GuestPtr argv_buf_size) {
  return write_string_sizes(wasi_.arguments(), argc, argv_buf_size);
}

Errno Preview1::environ_get(GuestPtr environ, GuestPtr environ_buf) {
  return write_strings(wasi_.environment(), environ, environ_buf);
}

Errno Preview1::environ_sizes_get(GuestPtr count, GuestPtr environ_buf_size) {
  return write_string_sizes(wasi_.environment(), count, environ_buf_size);
}

// --- the process ---

void Preview1::proc_exit(uint32_t rval) {
  store_.set_exit(rval);
  trap_ = TrapCode::Exit;
}

Errno Preview1::proc_raise(uint32_t) { return Errno::Notsup; }

Errno Preview1::random_get(GuestPtr buf, GuestSize buf_len) {
  // In pieces, so that an interruption does not have to wait for gigabytes.
  constexpr size_t kPiece = 1 << 20;
  std::byte* out = WRUN_WASI_TRY(bytes_at(buf, buf_len));
  for (std::byte* const end = out + buf_len; out != end;) {
    if (store_.interrupted()) return interrupted();
    const size_t piece = std::min(static_cast<size_t>(end - out), kPiece);
    const Expected<size_t> filled = wasi_.effects().random({out, piece});
    if (filled)
      out += *filled;
    else if (filled.error() != Errno::Intr)
      return filled.error();
  }
  return Errno::Success;
}

Errno Preview1::sched_yield() {
  wasi_.effects().yield();
  return Errno::Success;
}

// --- clocks ---

Errno Preview1::clock_res_get(uint32_t id, GuestPtr resolution) {
  std::byte* out = WRUN_WASI_TRY(bytes_at(resolution, sizeof(uint64_t)));
  store<uint64_t>(out, WRUN_WASI_TRY(wasi_.effects().resolution(static_cast<Clock>(id))));
  return Errno::Success;
}

Errno Preview1::clock_time_get(uint32_t id, uint64_t, GuestPtr time) {
  std::byte* out = WRUN_WASI_TRY(bytes_at(time, sizeof(uint64_t)));
  store<uint64_t>(out, WRUN_WASI_TRY(wasi_.effects().now(static_cast<Clock>(id))));
  return Errno::Success;
}

}  // namespace wrun::wasi
