// A file of compiled code that is open: nothing of it is read until it is needed, and the code is mapped from it.
//
// What is checked: the header and the bounds of its sections each time; the hash of the whole file and what the tables say
// unless this user has met the very file before. The hash tells damage, not origin: whoever can write the
// file decides what runs.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "base/mapped_file.hpp"
#include "base/result.hpp"
#include "cache/code_image.hpp"
#include "cache/format.hpp"
#include "wasm/module.hpp"

namespace wrun::cache {

// Whether a file begins like an artifact.
bool is_artifact(std::span<const std::byte> bytes);

class Artifact final : public wasm::ModuleSource {
 public:
  // Of files that were checked before.
  class Known {
   public:
    virtual ~Known() = default;
    virtual bool contains(const struct stat& file, const Hash& content) = 0;
    virtual void add(const struct stat& file, const Hash& content) = 0;
  };

  // Of a file that stays open. Fails with Malformed if it is damaged or of another version of the format.
  // `known` may be null.
  static Result<std::shared_ptr<const Artifact>> open(std::shared_ptr<const MappedFile> file,
                                                      Known* known);
  // The same for bytes, which become a file in memory.
  static Result<std::shared_ptr<const Artifact>> from_bytes(std::span<const std::byte> bytes);

  const Header& header() const { return *reinterpret_cast<const Header*>(bytes_.data()); }
  std::span<const std::byte> section(Section which) const {
    const Extent& extent = header().section(which);
    return bytes_.subspan(extent.offset, extent.size);
  }
  bool has_wasm() const { return header().section(Section::Wasm).size != 0; }

  // wasm::ModuleSource
  std::span<const Body> bodies() const override { return table<Body>(Section::Bodies); }
  std::span<const std::byte> bytes() const override;
  uint64_t size() const override { return header().wasm_bytes; }
  const CodeImage* code() const override { return &code_; }

 private:
  explicit Artifact(std::shared_ptr<const MappedFile> file)
      : file_(std::move(file)), bytes_(file_->bytes()) {}
  Result<void> check_header() const;
  void find_code();
  Result<void> check_tables() const;
  template <class T>
  std::span<const T> table(Section which) const {
    const std::span<const std::byte> contents = section(which);
    return {reinterpret_cast<const T*>(contents.data()), contents.size() / sizeof(T)};
  }

  const std::shared_ptr<const MappedFile> file_;
  const std::span<const std::byte> bytes_;
  CodeImage code_;
  mutable std::once_flag decompressing_;
  mutable std::unique_ptr<std::byte[]> wasm_;
};

}  // namespace wrun::cache
