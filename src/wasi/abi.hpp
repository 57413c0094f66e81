// Numbers and memory layouts of preview 1, and of its predecessor `wasi_unstable` where they differ.
#pragma once

#include <cstdint>

namespace wrun::wasi {

// wasi_unstable (preview 0) has a shorter filestat, a longer subscription and another order of
// whence; everything else is the same.
enum class Snapshot : uint8_t { Unstable, Preview1 };

// The types of calls' parameters. Pointers and sizes of guests are 32 bits wide.
using Fd = uint32_t;
using GuestPtr = uint32_t;
using GuestSize = uint32_t;

enum class Filetype : uint8_t {
  Unknown = 0,
  BlockDevice = 1,
  CharacterDevice = 2,
  Directory = 3,
  RegularFile = 4,
  SocketDgram = 5,
  SocketStream = 6,
  SymbolicLink = 7,
};

namespace fdflags {
inline constexpr uint32_t kAppend = 1 << 0;
inline constexpr uint32_t kDsync = 1 << 1;
inline constexpr uint32_t kNonblock = 1 << 2;
inline constexpr uint32_t kRsync = 1 << 3;
inline constexpr uint32_t kSync = 1 << 4;
inline constexpr uint32_t kAll = (1 << 5) - 1;
}  // namespace fdflags

namespace oflags {
inline constexpr uint32_t kCreat = 1 << 0;
inline constexpr uint32_t kDirectory = 1 << 1;
inline constexpr uint32_t kExcl = 1 << 2;
inline constexpr uint32_t kTrunc = 1 << 3;
inline constexpr uint32_t kAll = (1 << 4) - 1;
}  // namespace oflags

namespace lookupflags {
inline constexpr uint32_t kSymlinkFollow = 1 << 0;
inline constexpr uint32_t kAll = 1;
}  // namespace lookupflags

namespace fstflags {
inline constexpr uint32_t kAtim = 1 << 0;
inline constexpr uint32_t kAtimNow = 1 << 1;
inline constexpr uint32_t kMtim = 1 << 2;
inline constexpr uint32_t kMtimNow = 1 << 3;
inline constexpr uint32_t kAll = (1 << 4) - 1;
}  // namespace fstflags

namespace riflags {
inline constexpr uint32_t kRecvPeek = 1 << 0;
inline constexpr uint32_t kRecvWaitall = 1 << 1;
inline constexpr uint32_t kAll = (1 << 2) - 1;
}  // namespace riflags

namespace roflags {
inline constexpr uint16_t kRecvDataTruncated = 1 << 0;
}  // namespace roflags

namespace sdflags {
inline constexpr uint32_t kRd = 1 << 0;
inline constexpr uint32_t kWr = 1 << 1;
inline constexpr uint32_t kAll = (1 << 2) - 1;
}  // namespace sdflags

namespace rights {
inline constexpr uint64_t kFdDatasync = 1 << 0;
inline constexpr uint64_t kFdRead = 1 << 1;
inline constexpr uint64_t kFdSeek = 1 << 2;
inline constexpr uint64_t kFdFdstatSetFlags = 1 << 3;
inline constexpr uint64_t kFdSync = 1 << 4;
inline constexpr uint64_t kFdTell = 1 << 5;
inline constexpr uint64_t kFdWrite = 1 << 6;
inline constexpr uint64_t kFdAdvise = 1 << 7;
inline constexpr uint64_t kFdAllocate = 1 << 8;
inline constexpr uint64_t kPathCreateDirectory = 1 << 9;
inline constexpr uint64_t kPathCreateFile = 1 << 10;
inline constexpr uint64_t kPathLinkSource = 1 << 11;
inline constexpr uint64_t kPathLinkTarget = 1 << 12;
inline constexpr uint64_t kPathOpen = 1 << 13;
inline constexpr uint64_t kFdReaddir = 1 << 14;
inline constexpr uint64_t kPathReadlink = 1 << 15;
inline constexpr uint64_t kPathRenameSource = 1 << 16;
inline constexpr uint64_t kPathRenameTarget = 1 << 17;
inline constexpr uint64_t kPathFilestatGet = 1 << 18;
inline constexpr uint64_t kPathFilestatSetSize = 1 << 19;
inline constexpr uint64_t kPathFilestatSetTimes = 1 << 20;
inline constexpr uint64_t kFdFilestatGet = 1 << 21;
inline constexpr uint64_t kFdFilestatSetSize = 1 << 22;
inline constexpr uint64_t kFdFilestatSetTimes = 1 << 23;
inline constexpr uint64_t kPathSymlink = 1 << 24;
inline constexpr uint64_t kPathRemoveDirectory = 1 << 25;
inline constexpr uint64_t kPathUnlinkFile = 1 << 26;
inline constexpr uint64_t kPollFdReadwrite = 1 << 27;
inline constexpr uint64_t kSockShutdown = 1 << 28;
inline constexpr uint64_t kSockAccept = 1 << 29;
inline constexpr uint64_t kAll = (1 << 30) - 1;
}  // namespace rights

enum class EventType : uint8_t { Clock = 0, FdRead = 1, FdWrite = 2 };
inline constexpr uint16_t kEventFdReadwriteHangup = 1 << 0;
inline constexpr uint32_t kSubscriptionClockAbstime = 1 << 0;

inline constexpr uint8_t kPreopentypeDir = 0;

// Sizes of, and offsets in, the structures that calls exchange through guest memory.
namespace layout {
inline constexpr uint32_t kIovec = 8;    // buf 0, buf_len 4
inline constexpr uint32_t kFdstat = 24;  // filetype 0, flags 2, rights_base 8, inheriting 16
inline constexpr uint32_t kPrestat = 8;  // tag 0, name_len 4
inline constexpr uint32_t kDirent = 24;  // next 0, ino 8, namlen 16, type 20
inline constexpr uint32_t kEvent = 32;   // userdata 0, error 8, type 10, nbytes 16, flags 24

// dev 0, ino 8, filetype 16, then nlink, size, atim, mtim, ctim.
constexpr uint32_t filestat_size(Snapshot snapshot) {
  return snapshot == Snapshot::Unstable ? 56 : 64;
}
// userdata 0, type 8, then at 16 the fd or the clock: in preview 0 led by an identifier of its own.
constexpr uint32_t subscription_size(Snapshot snapshot) {
  return snapshot == Snapshot::Unstable ? 56 : 48;
}
constexpr uint32_t subscription_clock(Snapshot snapshot) {
  return snapshot == Snapshot::Unstable ? 24 : 16;  // id 0, timeout 8, precision 16, flags 24
}
}  // namespace layout

}  // namespace wrun::wasi
