// One call of a guest into WASI: the functions of preview1.def as members, over what the guest has
// (Wasi) and its memory as it is at the moment of the call.
//
// A pointer out of bounds, and every other misuse after which the guest cannot go on, is a trap:
// the member notes it and returns any errno.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/store.hpp"
#include "runtime/trap.hpp"
#include "runtime/vm_context.hpp"
#include "wasi/abi.hpp"
#include "wasi/errno.hpp"
#include "wasi/guest_memory.hpp"
#include "wasi/wasi.hpp"

namespace wrun::wasi {

// The memory that the calling instance exports as "memory"; without one, it is empty.
GuestMemory memory_of(runtime::VMContext& caller);

class Preview1 {
 public:
  Preview1(Wasi& wasi, runtime::VMContext& caller);
  Preview1(Wasi& wasi, runtime::Store& store, GuestMemory memory)
      : wasi_(wasi), store_(store), memory_(memory) {}

  runtime::TrapCode trap() const { return trap_; }

  // Arguments and environment.
  Errno args_get(GuestPtr argv, GuestPtr argv_buf);
  Errno args_sizes_get(GuestPtr argc, GuestPtr argv_buf_size);
  Errno environ_get(GuestPtr environ, GuestPtr environ_buf);
  Errno environ_sizes_get(GuestPtr count, GuestPtr environ_buf_size);

  // The process.
  void proc_exit(uint32_t rval);
  Errno proc_raise(uint32_t sig);
  Errno random_get(GuestPtr buf, GuestSize buf_len);
  Errno sched_yield();

  // Time.
  Errno clock_res_get(uint32_t id, GuestPtr resolution);
  Errno clock_time_get(uint32_t id, uint64_t precision, GuestPtr time);
  template <Snapshot>
  Errno poll_oneoff(GuestPtr in, GuestPtr out, GuestSize nsubscriptions, GuestPtr nevents);

  // Reading and writing.
  Errno fd_pread(Fd fd, GuestPtr iovs, GuestSize iovs_len, uint64_t offset, GuestPtr nread);
  Errno fd_pwrite(Fd fd, GuestPtr iovs, GuestSize iovs_len, uint64_t offset, GuestPtr nwritten);
  Errno fd_read(Fd fd, GuestPtr iovs, GuestSize iovs_len, GuestPtr nread);
  Errno fd_write(Fd fd, GuestPtr iovs, GuestSize iovs_len, GuestPtr nwritten);
  template <Snapshot>
  Errno fd_seek(Fd fd, uint64_t offset, uint32_t whence, GuestPtr newoffset);
  Errno fd_tell(Fd fd, GuestPtr offset);

  // What else can be done with a descriptor.
  Errno fd_advise(Fd fd, uint64_t offset, uint64_t len, uint32_t advice);
  Errno fd_allocate(Fd fd, uint64_t offset, uint64_t len);
  Errno fd_close(Fd fd);
  Errno fd_datasync(Fd fd);
  Errno fd_fdstat_get(Fd fd, GuestPtr fdstat);
  Errno fd_fdstat_set_flags(Fd fd, uint32_t flags);
  Errno fd_fdstat_set_rights(Fd fd, uint64_t base, uint64_t inheriting);
  template <Snapshot>
  Errno fd_filestat_get(Fd fd, GuestPtr filestat);
  Errno fd_filestat_set_size(Fd fd, uint64_t size);
  Errno fd_filestat_set_times(Fd fd, uint64_t atim, uint64_t mtim, uint32_t fst_flags);
  Errno fd_prestat_dir_name(Fd fd, GuestPtr path, GuestSize path_len);
  Errno fd_prestat_get(Fd fd, GuestPtr prestat);
  Errno fd_readdir(Fd fd, GuestPtr buf, GuestSize buf_len, uint64_t cookie, GuestPtr bufused);
  Errno fd_renumber(Fd fd, Fd to);
  Errno fd_sync(Fd fd);

  // Paths, relative to a directory.
  Errno path_create_directory(Fd fd, GuestPtr path, GuestSize path_len);
  template <Snapshot>
  Errno path_filestat_get(Fd fd, uint32_t flags, GuestPtr path, GuestSize path_len,
                          GuestPtr filestat);
  Errno path_filestat_set_times(Fd fd, uint32_t flags, GuestPtr path, GuestSize path_len,
                                uint64_t atim, uint64_t mtim, uint32_t fst_flags);
  Errno path_link(Fd old_fd, uint32_t old_flags, GuestPtr old_path, GuestSize old_path_len,
                  Fd new_fd, GuestPtr new_path, GuestSize new_path_len);
  Errno path_open(Fd fd, uint32_t dirflags, GuestPtr path, GuestSize path_len, uint32_t oflags,
                  uint64_t rights_base, uint64_t rights_inheriting, uint32_t fdflags,
                  GuestPtr opened_fd);
  Errno path_readlink(Fd fd, GuestPtr path, GuestSize path_len, GuestPtr buf, GuestSize buf_len,
                      GuestPtr bufused);
  Errno path_remove_directory(Fd fd, GuestPtr path, GuestSize path_len);
  Errno path_rename(Fd fd, GuestPtr old_path, GuestSize old_path_len, Fd new_fd, GuestPtr new_path,
                    GuestSize new_path_len);
  Errno path_symlink(GuestPtr old_path, GuestSize old_path_len, Fd fd, GuestPtr new_path,
                     GuestSize new_path_len);
  Errno path_unlink_file(Fd fd, GuestPtr path, GuestSize path_len);

  // Sockets.
  Errno sock_accept(Fd fd, uint32_t flags, GuestPtr accepted_fd);
  Errno sock_recv(Fd fd, GuestPtr ri_data, GuestSize ri_data_len, uint32_t ri_flags,
                  GuestPtr ro_data_len, GuestPtr ro_flags);
  Errno sock_send(Fd fd, GuestPtr si_data, GuestSize si_data_len, uint32_t si_flags,
                  GuestPtr so_data_len);
  Errno sock_shutdown(Fd fd, uint32_t how);

 private:
  // Ends the guest: a pointer that is out of bounds, and an interruption from outside.
  Errno fault();
  Errno interrupted();

  Expected<HandleRef> find(Fd fd);
  Expected<HandleRef> find_directory(Fd fd);
  // A file, socket or stream: what has bytes in it.
  Expected<HandleRef> find_file(Fd fd);
  Expected<HandleRef> find_socket(Fd fd);
  // Guest memory that the call reads or writes.
  Expected<std::byte*> bytes_at(GuestPtr ptr, uint64_t size);

  Errno write_strings(const StringList& strings, GuestPtr pointers, GuestPtr bytes);
  Errno write_string_sizes(const StringList& strings, GuestPtr count, GuestPtr size);

  // Repeats an operation that signals interrupt, until Store::interrupt() was the reason.
  template <class Operation>
  auto retry(Operation operation) -> decltype(operation()) {
    for (;;) {
      auto result = operation();
      if (error_of(result) != Errno::Intr) [[likely]]
        return result;
      if (store_.interrupted()) return try_error(interrupted());
    }
  }
  static Errno error_of(Errno error) { return error; }
  template <class T>
  static Errno error_of(const Expected<T>& result) {
    return result ? Errno::Success : result.error();
  }
  // The same for an operation that moves data. It waits, unless the guest's handle is non-blocking,
  // whatever the flags of the host's descriptor are.
  template <class Operation>
  Expected<uint64_t> transfer(const Handle& handle, short events, Operation operation) {
    if (handle.emulates_nonblock() && !WRUN_WASI_TRY(wait_for(handle, events, false)))
      return std::unexpected(Errno::Again);
    for (;;) {
      const Expected<uint64_t> moved = retry(operation);
      if (moved || moved.error() != Errno::Again || (handle.flags & fdflags::kNonblock))
        return moved;
      WRUN_WASI_TRY(wait_for(handle, events, true));
    }
  }
  Expected<bool> wait_for(const Handle& handle, short events, bool block);
  Errno read(Fd fd, GuestPtr iovs, GuestSize iovs_len, GuestPtr nread, const uint64_t* offset);
  Errno write(Fd fd, GuestPtr iovs, GuestSize iovs_len, GuestPtr nwritten, const uint64_t* offset);
  Errno check_offset(Fd fd, uint64_t offset);
  Errno seek(Fd fd, int64_t offset, int whence, GuestPtr newoffset);

  // A path argument and the directory it is relative to. Errors that a user would want to know
  // about are noted in Wasi.
  struct Place {
    HandleRef handle;
    GuestPath path;
    Directory& directory() const { return handle->directory(); }
  };
  enum class Access : uint8_t { Look, Change };
  Errno locate(Fd fd, GuestPtr path, GuestSize path_len, Access access, Place& out);
  Errno refused(const Place& place, Errno error);
  Errno refused(const Place& from, const Place& to, Errno error);

  Wasi& wasi_;
  runtime::Store& store_;
  GuestMemory memory_;
  runtime::TrapCode trap_ = runtime::TrapCode::None;
};

}  // namespace wrun::wasi
