// Hashes of the contents of files, remembered by what tells that a file is the same as it was: device, inode, size
// and times.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "cache/artifact.hpp"
#include "cache/directory.hpp"
#include "cache/hash.hpp"

namespace wrun::cache {

class FileIndex final : public Artifact::Known {
 public:
  // `directory` outlives it.
  explicit FileIndex(const Directory& directory) : directory_(directory) {}

  std::optional<Hash> find(const struct stat& file) const;
  // Not of files that changed a moment ago: they might again without a sign of it.
  void add(const struct stat& file, const Hash& contents) override;
  bool contains(const struct stat& file, const Hash& contents) override {
    return find(file) == contents;
  }

  // What it keeps about a file is in a file of this name.
  static std::string name_of(const struct stat& file);
  static bool is_name(const std::string& name) { return name.starts_with("f-"); }

 private:
  const Directory& directory_;
};

}  // namespace wrun::cache
