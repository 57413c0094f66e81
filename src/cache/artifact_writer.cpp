#include "cache/artifact_writer.hpp"

#include <algorithm>
#include <cstring>

#include "cache/compression.hpp"

namespace wrun::cache {
namespace {

constexpr size_t kAlignment = 16;  // of sections in the file

size_t align(size_t bytes, size_t alignment) { return (bytes + alignment - 1) & ~(alignment - 1); }

// Places sections; the file is made at its size when all are known.
class Writer {
 public:
  explicit Writer(const Target& target) { header_.target = target; }

  void add(Section which, std::span<const std::byte> contents) {
    place(which, contents, align(bytes_, kAlignment), contents.size());
  }
  void add_pages(Section which, std::span<const std::byte> contents) {
    const size_t page = page_bytes(header_.target.machine);
    place(which, contents, align(bytes_, page), align(contents.size(), page));
  }
  std::vector<std::byte> finish(const ArtifactParts& parts) {
    header_.functions_bytes = parts.functions_bytes;
    header_.wasm = hash_of({parts.wasm});
    header_.file_bytes = bytes_;
    header_.wasm_bytes = parts.wasm.size();
    header_.memory_offset = parts.memory_offset;
    std::vector<std::byte> file(bytes_);
    std::memcpy(file.data(), &header_, sizeof(header_));
    for (const Placed& each : placed_) std::ranges::copy(each.contents, file.begin() + each.offset);
    const Hash content = content_hash(file);
    std::memcpy(file.data() + offsetof(Header, content), content.data(), content.size());
    return file;
  }

 private:
  struct Placed {
    std::span<const std::byte> contents;
    ptrdiff_t offset;
  };
  void place(Section which, std::span<const std::byte> contents, size_t offset, size_t size) {
    header_.sections[static_cast<size_t>(which)] = {offset, size};
    placed_.push_back({contents, static_cast<ptrdiff_t>(offset)});
    bytes_ = offset + size;
  }

  std::vector<Placed> placed_;
  size_t bytes_ = sizeof(Header);
  Header header_;
};

}  // namespace

std::vector<std::byte> write_artifact(const ArtifactParts& parts) {
  Writer writer(parts.target);
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
  writer.add_pages(Section::Code, parts.code);
  writer.add_pages(Section::Memory, parts.memory);
  const std::vector<std::byte> wasm =
      parts.embed_wasm ? compress(parts.wasm) : std::vector<std::byte>();
  writer.add(Section::Wasm, wasm);
  return writer.finish(parts);
}

}  // namespace wrun::cache
