#include "cache/file_index.hpp"

#include <unistd.h>

#include <cstring>
#include <ctime>

namespace wrun::cache {
namespace {

struct Entry {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified = 0;  // nanoseconds since 1970
  int64_t changed = 0;   // of anything about it
  Hash contents{};
};
static_assert(sizeof(Entry) == 72);

constexpr int64_t kSecond = 1'000'000'000;
constexpr time_t kMinute = 60;

int64_t nanoseconds(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * kSecond + time.tv_nsec;
}

Entry entry_of(const struct stat& file, const Hash& contents) {
  return {.device = file.st_dev,
          .inode = file.st_ino,
          .size = static_cast<uint64_t>(file.st_size),
          .modified = nanoseconds(file.st_mtim),
          .changed = nanoseconds(file.st_ctim),
          .contents = contents};
}

}  // namespace

std::string FileIndex::name_of(const struct stat& file) {
  const uint64_t identity[] = {file.st_dev, file.st_ino};
  return "f-" + to_hex(std::as_bytes(std::span(identity)));
}

std::optional<Hash> FileIndex::find(const struct stat& file) const {
  struct stat status;
  const std::string name = name_of(file);
  const UniqueFd handle = directory_.find(name, status);
  Entry entry;
  if (!handle || ::read(handle.get(), &entry, sizeof(entry)) != sizeof(entry)) return std::nullopt;
  const Entry wanted = entry_of(file, entry.contents);
  if (std::memcmp(&entry, &wanted, sizeof(entry)) != 0) return std::nullopt;
  // When it was asked for last, to the minute.
  if (::time(nullptr) - status.st_mtime > kMinute) directory_.touch(name);
  return entry.contents;
}

void FileIndex::add(const struct stat& file, const Hash& contents) {
  constexpr int64_t kMoment = kSecond / 20;
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  const Entry entry = entry_of(file, contents);
  if (nanoseconds(now) - entry.changed < kMoment) return;
  directory_.store(name_of(file), std::as_bytes(std::span(&entry, 1)));
}

}  // namespace wrun::cache
