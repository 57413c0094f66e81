#include "wasi/path.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/printable.hpp"
#include "base/utf8.hpp"
#include "wasi/path_walk.hpp"

namespace wrun::wasi {
namespace {

long openat2(int directory, const char* path, const open_how* how, size_t size) {
  return ::syscall(SYS_openat2, directory, path, how, size);
}

// Under RESOLVE_BENEATH the kernel gives up with EAGAIN when a `..` races with a rename.
constexpr int kMaxRaces = 16;

// Where the last component begins: after the last slash that is not at the end.
size_t last_component(std::string_view path) {
  const size_t last = path.find_last_not_of('/');
  if (last == std::string_view::npos) return path.size();
  const size_t slash = path.rfind('/', last);
  return slash == std::string_view::npos ? 0 : slash + 1;
}

}  // namespace

Errno GuestPath::assign(std::span<const std::byte> text) {
  if (text.empty()) return Errno::Noent;
  if (text.size() >= sizeof bytes_) return Errno::Nametoolong;
  size_ = text.size();
  std::memcpy(bytes_, text.data(), size_);
  bytes_[size_] = '\0';
  if (view().find('\0') != std::string_view::npos) return Errno::Inval;
  if (!is_valid_utf8(view())) return Errno::Ilseq;
  return Errno::Success;
}

Entry::Entry(int directory, UniqueFd owned, std::string_view name)
    : directory_(directory), owned_(std::move(owned)) {
  name_[name.copy(name_, sizeof name_ - 1)] = '\0';
}

bool PathResolver::use_openat2() {
  // A call that can only fail: EINVAL says that the kernel has it and no filter is in the way.
  if (mode_ == PathResolution::Automatic)
    mode_ = openat2(-1, nullptr, nullptr, 0) < 0 && errno == EINVAL ? PathResolution::Openat2
                                                                    : PathResolution::Walk;
  return mode_ == PathResolution::Openat2;
}

Expected<UniqueFd> PathResolver::open_beneath(int directory, const char* path, int flags,
                                              mode_t mode) {
  if (path[0] == '/') return std::unexpected(Errno::Notcapable);
  if (!use_openat2()) return PathWalk(directory, path).open(flags, mode);
  const open_how how = {.flags = static_cast<uint64_t>(flags | O_CLOEXEC),
                        .mode = (flags & O_CREAT) ? mode : 0,
                        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  for (int race = 0; race < kMaxRaces; ++race) {
    const long fd = openat2(directory, path, &how, sizeof how);
    if (fd >= 0) return keep_off_standard_streams(static_cast<int>(fd));
    if (errno == EXDEV) return std::unexpected(Errno::Notcapable);
    if (errno != EAGAIN) return std::unexpected(from_host(errno));
  }
  return PathWalk(directory, path).open(flags, mode);
}

Expected<UniqueFd> PathResolver::open(int directory, const GuestPath& path, int flags,
                                      mode_t mode) {
  return open_beneath(directory, path.c_str(), flags, mode);
}

Expected<Entry> PathResolver::parent(int directory, const GuestPath& path) {
  const std::string_view text = path.view();
  if (text[0] == '/') return std::unexpected(Errno::Notcapable);
  if (!use_openat2()) return PathWalk(directory, text).resolve(PathWalk::Last::Keep);

  const size_t begin = last_component(text);
  const size_t end = std::min(text.find('/', begin), text.size());
  const std::string_view last = text.substr(begin, end - begin);
  if (last == "." || last == "..") return entered(directory, path);
  if (last.size() > NAME_MAX) return std::unexpected(Errno::Nametoolong);
  const std::string_view name = text.substr(begin, last.size() + (end < text.size()));
  if (begin == 0) return Entry(directory, UniqueFd(), name);

  char prefix[PATH_MAX];
  prefix[text.copy(prefix, begin)] = '\0';
  UniqueFd fd = WRUN_WASI_TRY(open_beneath(directory, prefix, O_PATH | O_DIRECTORY, 0));
  const int parent = fd.get();
  return Entry(parent, std::move(fd), name);
}

Expected<Entry> PathResolver::existing(int directory, const GuestPath& path, bool follow) {
  const auto last = follow ? PathWalk::Last::Follow : PathWalk::Last::NoFollow;
  if (path.view()[0] == '/') return std::unexpected(Errno::Notcapable);
  if (!use_openat2()) return PathWalk(directory, path.view()).resolve(last);

  if (path.view().ends_with('/')) return entered(directory, path);
  Entry entry = WRUN_WASI_TRY(parent(directory, path));
  char target;
  if (follow && ::readlinkat(entry.directory(), entry.name(), &target, 1) >= 0)
    return PathWalk(directory, path.view()).resolve(last);
  return entry;
}

Expected<Entry> PathResolver::entered(int directory, const GuestPath& path) {
  UniqueFd fd = WRUN_WASI_TRY(open(directory, path, O_PATH | O_DIRECTORY));
  const int target = fd.get();
  return Entry(target, std::move(fd), ".");
}

Result<UniqueFd> PathResolver::open_root(const std::string& host_path) {
  constexpr int kFlags = O_DIRECTORY | O_CLOEXEC;
  int fd = ::open(host_path.c_str(), O_RDONLY | kFlags);
  // A directory that may be searched but not listed still serves to open what is in it.
  if (fd < 0 && errno == EACCES) fd = ::open(host_path.c_str(), O_PATH | kFlags);
  UniqueFd result = keep_off_standard_streams(fd);
  if (!result)
    return fail(Error::Kind::Io,
                "cannot open directory '" + printable(host_path) + "': " + std::strerror(errno));
  return result;
}

}  // namespace wrun::wasi
