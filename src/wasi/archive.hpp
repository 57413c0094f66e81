// Archives as directories: tar files, plain or compressed with zstd, read into memory.
#pragma once

#include <string>

#include "base/result.hpp"
#include "wasi/memory_tree.hpp"

namespace wrun::wasi {

// Whether a path names something that open_archive() is for: a file, and not a directory.
bool may_be_archive(const std::string& path);

// Adds what is in the archive to an empty tree. Fails with Kind::Io, or with Kind::Malformed for what is
// no archive, or has entries that lie outside of it or do not fit the tree's limits.
Result<void> read_archive(const std::string& path, MemoryTree& tree);

}  // namespace wrun::wasi
