// The entries of an open directory in an order that stays put: an entry's ordinal is the cookie
// that resumes before it. 0 is `.`, 1 is `..`, then come the host's entries as they are read.
//
// One buffer of entries is kept, and for each earlier one where it started, so that memory does not
// grow with the directory and an old cookie can be gone back to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "wasi/abi.hpp"
#include "wasi/errno.hpp"

namespace wrun::wasi {

class DirectoryStream {
 public:
  struct Entry {
    uint64_t inode = 0;
    Filetype type = Filetype::Unknown;
    std::string_view name;  // valid until the next call
  };

  // `directory` outlives the stream, and its file position belongs to it.
  explicit DirectoryStream(int directory) : directory_(directory) {}

  // The entry with this ordinal, empty at the end. 0 starts anew, with what is there by then.
  Expected<std::optional<Entry>> at(uint64_t ordinal);

 private:
  static constexpr size_t kBufferBytes = 32 * 1024;
  static constexpr uint64_t kFirstHostOrdinal = 2;

  struct Chunk {
    uint64_t first_ordinal;
    int64_t position;  // of the host's directory, before the chunk
  };

  Errno rewind();
  Errno go_back(uint64_t ordinal);
  // Replaces the buffer's entries by those that follow them, if there are any.
  Expected<bool> read_on();
  Expected<std::optional<Entry>> own_entry(std::string_view name);
  Filetype type_of(const char* name, unsigned char host_type);

  int directory_;
  std::unique_ptr<std::byte[]> buffer_;
  std::vector<uint16_t> offsets_;  // in the buffer, of the entries from first_ordinal_ on
  uint64_t first_ordinal_ = 0;
  int64_t end_position_ = 0;   // of the host's directory, after the buffer
  std::vector<Chunk> chunks_;  // all up to the one in the buffer
};

}  // namespace wrun::wasi
