#include "cache/artifact_writer.hpp"

#include <cstring>

#include "cache/compression.hpp"

namespace wrun::cache {
namespace {

constexpr size_t kAlignment = 16;  // of sections in the file

class Writer {
 public:
  Writer() : bytes_(sizeof(Header)) {}

  void add(Section which, std::span<const std::byte> contents, size_t alignment = kAlignment) {
    bytes_.resize((bytes_.size() + alignment - 1) & ~(alignment - 1));
    header_.sections[static_cast<size_t>(which)] = {bytes_.size(), contents.size()};
    bytes_.insert(bytes_.end(), contents.begin(), contents.end());
  }
  std::vector<std::byte> finish(const ArtifactParts& parts) {
    header_.functions_bytes = parts.functions_bytes;
    header_.wasm = hash_of({parts.wasm});
    header_.target = parts.target;
    header_.file_bytes = bytes_.size();
    header_.wasm_bytes = parts.wasm.size();
    header_.memory_offset = parts.memory_offset;
    std::memcpy(bytes_.data(), &header_, sizeof(header_));
    const Hash content = content_hash(bytes_);
    std::memcpy(bytes_.data() + offsetof(Header, content), content.data(), content.size());
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
  Header header_;
};

}  // namespace

std::vector<std::byte> write_artifact(const ArtifactParts& parts) {
  Writer writer;
  writer.add(Section::Functions, std::as_bytes(parts.tables.functions));
  writer.add(Section::Traps, std::as_bytes(parts.tables.traps));
  writer.add(Section::Calls, std::as_bytes(parts.tables.calls));
  writer.add(Section::Landings, std::as_bytes(parts.tables.landings));
  writer.add(Section::Inlined, std::as_bytes(parts.tables.inlined_sites));
  writer.add(Section::Callees, std::as_bytes(parts.tables.inlined_calls));
  writer.add(Section::Regions, std::as_bytes(parts.tables.regions));
  writer.add(Section::Clauses, std::as_bytes(parts.tables.clauses));
  writer.add(Section::Stubs, std::as_bytes(parts.stubs));
  writer.add(Section::Module, parts.module);
  writer.add(Section::Bodies, std::as_bytes(parts.bodies));
  // The file goes on behind the code up to the end of its last page.
  std::vector<std::byte> code(parts.code.begin(), parts.code.end());
  code.resize((code.size() + kPageBytes - 1) & ~(kPageBytes - 1));
  writer.add(Section::Code, code, kPageBytes);
  writer.add(Section::Memory, parts.memory, kPageBytes);
  writer.add(Section::Wasm, parts.embed_wasm ? compress(parts.wasm) : std::vector<std::byte>());
  return writer.finish(parts);
}

}  // namespace wrun::cache
