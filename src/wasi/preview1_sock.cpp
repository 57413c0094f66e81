// Sockets. Those that listen are handed in; whether a descriptor is one, the kernel tells.
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "wasi/iovec_batch.hpp"
#include "wasi/preview1.hpp"

namespace wrun::wasi {

namespace {

Expected<uint64_t> moved(ssize_t returned) {
  if (returned < 0) return std::unexpected(from_host(errno));
  return static_cast<uint64_t>(returned);
}

}  // namespace

Expected<HandleRef> Preview1::find_socket(Fd fd) {
  HandleRef handle = WRUN_WASI_TRY(find(fd));
  if (handle->file->host() < 0) return std::unexpected(Errno::Notsock);
  return handle;
}

Errno Preview1::sock_accept(Fd fd, uint32_t flags, GuestPtr accepted_fd) {
  const HandleRef listener = WRUN_WASI_TRY(find_socket(fd));
  std::byte* out = WRUN_WASI_TRY(bytes_at(accepted_fd, sizeof(Fd)));
  if (flags & ~fdflags::kNonblock) return Errno::Inval;
  const int host_flags = SOCK_CLOEXEC | (flags & fdflags::kNonblock ? SOCK_NONBLOCK : 0);

  UniqueFd accepted =
      keep_off_standard_streams(static_cast<int>(WRUN_WASI_TRY(transfer(*listener, POLLIN, [&] {
        return moved(::accept4(listener->file->host(), nullptr, nullptr, host_flags));
      }))));
  if (!accepted) return from_host(errno);
  auto handle = Handle::socket(std::move(accepted), flags);
  handle->grant = listener->grant;
  store<Fd>(out, WRUN_WASI_TRY(wasi_.descriptors().insert(std::move(handle))));
  return Errno::Success;
}

Errno Preview1::sock_recv(Fd fd, GuestPtr ri_data, GuestSize ri_data_len, uint32_t ri_flags,
                          GuestPtr ro_data_len, GuestPtr ro_flags) {
  const HandleRef handle = WRUN_WASI_TRY(find_socket(fd));
  const std::byte* list = memory_.array(ri_data, ri_data_len, layout::kIovec);
  std::byte* length_out = memory_.at(ro_data_len, sizeof(GuestSize));
  std::byte* flags_out = memory_.at(ro_flags, sizeof(uint16_t));
  if (!list || !length_out || !flags_out) return fault();
  if (ri_flags & ~riflags::kAll) return Errno::Inval;
  int host_flags = 0;
  if (ri_flags & riflags::kRecvPeek) host_flags |= MSG_PEEK;
  if (ri_flags & riflags::kRecvWaitall) host_flags |= MSG_WAITALL;

  IovecBatch batch;
  uint32_t next = 0;
  if (!batch.fill(memory_, list, ri_data_len, &next)) return fault();
  msghdr message = {};
  message.msg_iov = batch.data();
  message.msg_iovlen = static_cast<size_t>(batch.size());
  const uint64_t received = WRUN_WASI_TRY(transfer(*handle, POLLIN, [&] {
    return moved(::recvmsg(handle->file->host(), &message, host_flags | MSG_CMSG_CLOEXEC));
  }));
  store<GuestSize>(length_out, static_cast<GuestSize>(received));
  store<uint16_t>(flags_out, message.msg_flags & MSG_TRUNC ? roflags::kRecvDataTruncated : 0);
  return Errno::Success;
}

Errno Preview1::sock_send(Fd fd, GuestPtr si_data, GuestSize si_data_len, uint32_t si_flags,
                          GuestPtr so_data_len) {
  const HandleRef handle = WRUN_WASI_TRY(find_socket(fd));
  const std::byte* list = memory_.array(si_data, si_data_len, layout::kIovec);
  std::byte* out = memory_.at(so_data_len, sizeof(GuestSize));
  if (!list || !out) return fault();
  if (si_flags != 0) return Errno::Inval;

  IovecBatch batch;
  uint32_t next = 0;
  if (!batch.fill(memory_, list, si_data_len, &next)) return fault();
  msghdr message = {};
  message.msg_iov = batch.data();
  message.msg_iovlen = static_cast<size_t>(batch.size());
  const uint64_t sent = WRUN_WASI_TRY(transfer(*handle, POLLOUT, [&] {
    return moved(::sendmsg(handle->file->host(), &message, MSG_NOSIGNAL));
  }));
  store<GuestSize>(out, static_cast<GuestSize>(sent));
  return Errno::Success;
}

Errno Preview1::sock_shutdown(Fd fd, uint32_t how) {
  const HandleRef handle = WRUN_WASI_TRY(find_socket(fd));
  if (how == 0 || (how & ~sdflags::kAll)) return Errno::Inval;
  const int host_how = how == sdflags::kAll ? SHUT_RDWR : how == sdflags::kRd ? SHUT_RD : SHUT_WR;
  if (::shutdown(handle->file->host(), host_how) != 0) return from_host(errno);
  return Errno::Success;
}

}  // namespace wrun::wasi
