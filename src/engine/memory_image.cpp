#include "engine/memory_image.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/byte_writer.hpp"
#include "base/os_memory.hpp"
#include "binary/encoding.hpp"
#include "cache/format.hpp"

namespace wrun::engine {
namespace {

// Smaller images may consist of holes: nobody reads those.
constexpr uint64_t kSmallImage = 1 << 20;
constexpr uint64_t kMostHoles = 4;  // bytes of image a byte of data

// Less data is copied in the time that the first accesses to mapped pages take.
constexpr uint64_t kLeastShared = 32 << 10;

bool is_active(const wasm::DataSegment& segment) {
  return segment.mode == wasm::SegmentMode::Active;
}

// Where an active segment of memory 0 goes, if that is in the memory for certain.
std::optional<uint64_t> known_offset(const wasm::DataSegment& segment, uint64_t memory_bytes) {
  using Form = wasm::ConstExpr::Form;
  const Form form = segment.memory_offset.form;
  if (segment.memory != 0 || (form != Form::I32 && form != Form::I64)) return std::nullopt;
  const uint64_t value = segment.memory_offset.value;
  const uint64_t offset = form == Form::I32 ? static_cast<uint32_t>(value) : value;
  if (segment.size > memory_bytes || offset > memory_bytes - segment.size) return std::nullopt;
  return offset;
}

}  // namespace

std::optional<MemoryImage> make_memory_image(const wasm::Module& module, size_t page_bytes) {
  if (module.memories.empty() || module.imported_memories != 0) return std::nullopt;
  const wasm::MemoryType& memory = module.memories[0];
  if (memory.is_shared || memory.page_size_log2 != wasm::kDefaultPageLog2) return std::nullopt;
  const uint64_t pages = std::min(memory.limits.minimum, uint64_t{1} << 16);
  const uint64_t memory_bytes = pages << wasm::kDefaultPageLog2;
  uint64_t begin = UINT64_MAX, end = 0, data = 0;
  for (const wasm::DataSegment& segment : module.data) {
    if (!is_active(segment)) continue;
    const auto offset = known_offset(segment, memory_bytes);
    if (!offset) return std::nullopt;
    if (segment.size == 0) continue;
    begin = std::min(begin, *offset);
    end = std::max(end, *offset + segment.size);
    data += segment.size;
  }
  if (data == 0) return std::nullopt;
  begin -= begin % page_bytes;
  end = cache::round_up_to_page(end, page_bytes);
  if (end - begin > std::max(kSmallImage, data * kMostHoles)) return std::nullopt;
  MemoryImage image = {.offset = begin, .contents = std::vector<std::byte>(end - begin)};
  for (const wasm::DataSegment& segment : module.data)
    if (is_active(segment))
      if (const auto contents = module.contents(segment); !contents.empty())
        std::ranges::copy(contents,
                          image.contents.begin() +
                              static_cast<ptrdiff_t>(*known_offset(segment, memory_bytes) - begin));
  return image;
}

std::vector<std::byte> data_section_beside_image(const wasm::Module& module) {
  const auto is_count = [](const wasm::SectionExtent& section) {
    return section.id == static_cast<uint8_t>(binary::SectionId::DataCount);
  };
  // Without a count of segments, instructions cannot name any.
  if (std::ranges::none_of(module.sections, is_count)) return {};
  constexpr uint8_t kPassive = 1;
  ByteWriter segments;
  segments.write_u64(module.data.size());
  for (const wasm::DataSegment& segment : module.data) {
    segments.write_u8(kPassive);
    segments.write_vector(is_active(segment) ? std::span<const std::byte>()
                                             : module.contents(segment));
  }
  ByteWriter section;
  section.write_u8(static_cast<uint8_t>(binary::SectionId::Data));
  section.write_vector(segments.bytes());
  return section.take();
}

bool map_memory(runtime::Instance& instance, int file, const cache::MemoryPages& pages) {
  runtime::Memory& memory = instance.memory(0);
  WRUN_CHECK(pages.bytes <= memory.size() && pages.memory_offset <= memory.size() - pages.bytes);
  return os_map_private(memory.base() + pages.memory_offset, pages.bytes, file, pages.file_offset);
}

std::unique_ptr<const SharedMemoryImage> SharedMemoryImage::create(const wasm::Module& module) {
  if (module.source != nullptr) return nullptr;
  uint64_t data = 0;
  for (const wasm::DataSegment& segment : module.data)
    if (is_active(segment)) data += segment.size;
  if (data < kLeastShared) return nullptr;
  const auto image = make_memory_image(module, os_page_size());
  if (!image) return nullptr;
  UniqueFd file(::memfd_create("wrun-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file || write_all(file.get(), image->contents) != 0) return nullptr;
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0)
    return nullptr;
  const cache::MemoryPages pages = {.memory_offset = image->offset,
                                    .bytes = image->contents.size()};
  return std::unique_ptr<const SharedMemoryImage>(new SharedMemoryImage(std::move(file), pages));
}

bool SharedMemoryImage::map(runtime::Instance& instance) const {
  if (!map_memory(instance, file_.get(), pages_)) return false;
  instance.set_data_in_place();
  return true;
}

}  // namespace wrun::engine
