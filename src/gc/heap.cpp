#include "gc/heap.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/os_memory.hpp"

namespace wrun::gc {
namespace {

// How much is made accessible at a time; the tables for it are whole pages of up to 64 KiB.
constexpr uint64_t kChunkBytes = 8 << 20;
constexpr uint64_t kMaxHeapBytes = uint64_t{32} << 30;
constexpr uint64_t kMinReservation = kChunkBytes;

constexpr uint64_t bitmap_bytes(uint64_t heap_bytes) { return heap_bytes / 64; }
constexpr uint64_t line_table_bytes(uint64_t heap_bytes) { return heap_bytes / Heap::kLineBytes; }
size_t block_table_bytes(uint64_t heap_bytes) {
  return round_up_to_os_page(heap_bytes / Heap::kBlockBytes);
}
constexpr uint64_t round_up_to_chunk(uint64_t bytes) {
  return (bytes + kChunkBytes - 1) / kChunkBytes * kChunkBytes;
}

}  // namespace

Heap::Heap(RootSource& roots, const HeapOptions& options)
    : roots_(roots),
      options_{.maximum_bytes = std::min(options.maximum_bytes, kMaxHeapBytes),
               .collect_always = options.collect_always} {
  exception_type_.kind = wasm::CanonicalType::Kind::Exception;
}

Heap::~Heap() {
  if (reservation_ != nullptr) os_release(reservation_, reservation_bytes_);
}

// --- Address space ---

// Twice the limit, so that large objects find a place between small ones; less where the host has not
// as much, of which the same amount is left for others.
bool Heap::reserve() {
  uint64_t wanted = round_up_to_chunk(std::max(2 * options_.maximum_bytes, kMinReservation));
  if (reserve(wanted, 0)) return true;
  while (wanted > kMinReservation) {
    wanted = std::max(round_up_to_chunk(wanted / 2), kMinReservation);
    if (reserve(wanted, wanted == kMinReservation ? 0 : wanted)) return true;
  }
  return false;
}

bool Heap::reserve(uint64_t heap_bytes, uint64_t headroom) {
  const size_t bytes =
      round_up_to_os_page(kBlockBytes + heap_bytes + 2 * bitmap_bytes(heap_bytes) +
                          line_table_bytes(heap_bytes) + block_table_bytes(heap_bytes));
  auto* region = static_cast<std::byte*>(os_reserve(bytes + headroom));
  if (region == nullptr) return false;
  if (headroom != 0) os_release(region + bytes, headroom);
  area_.base =
      (reinterpret_cast<uintptr_t>(region) + kBlockBytes - 1) & ~uintptr_t{kBlockBytes - 1};
  std::byte* table = reinterpret_cast<std::byte*>(area_.base) + heap_bytes;
  const auto take = [&table](uint64_t size) { return std::exchange(table, table + size); };
  area_.starts = reinterpret_cast<uint64_t*>(take(bitmap_bytes(heap_bytes)));
  marks_ = reinterpret_cast<uint64_t*>(take(bitmap_bytes(heap_bytes)));
  lines_ = reinterpret_cast<uint8_t*>(take(line_table_bytes(heap_bytes)));
  blocks_ = reinterpret_cast<BlockState*>(take(block_table_bytes(heap_bytes)));
  if (!os_commit(blocks_, block_table_bytes(heap_bytes))) {
    os_release(region, bytes);
    return false;
  }
  reservation_ = region;
  reservation_bytes_ = bytes;
  reserved_bytes_ = heap_bytes;
  return true;
}

bool Heap::commit_more() {
  if (committed_bytes_ == reserved_bytes_) return false;
  const uint64_t at = committed_bytes_;
  const auto commit = [at](void* table, uint64_t (*size_of)(uint64_t)) {
    return os_commit(static_cast<std::byte*>(table) + size_of(at), size_of(kChunkBytes));
  };
  if (!commit(reinterpret_cast<void*>(area_.base), [](uint64_t bytes) { return bytes; }) ||
      !commit(area_.starts, bitmap_bytes) || !commit(marks_, bitmap_bytes) ||
      !commit(lines_, line_table_bytes))
    return false;
  committed_bytes_ += kChunkBytes;
  return true;
}

bool Heap::commit_blocks(uint32_t count) {
  while (uint64_t{count} * kBlockBytes > committed_bytes_)
    if (!commit_more()) return false;
  return true;
}

bool Heap::is_object(Reference reference) const { return is_start(reference - area_.base); }

// --- Allocation ---

Object* Heap::allocate_slowly(const wasm::CanonicalType& type, uint64_t bytes,
                              const uint64_t* stack_end) {
  if (bytes > max_object_bytes() || (reservation_ == nullptr && !reserve())) return nullptr;
  if (should_collect()) collect(stack_end);
  area_.limit = hole_end_;
  std::byte* room = find_room(bytes);
  if (room == nullptr && is_worth_collecting()) {
    collect(stack_end);
    room = find_room(bytes);
  }
  if (options_.collect_always) area_.limit = area_.cursor;
  gave_up_ = room == nullptr;
  if (gave_up_) return nullptr;
  set_bit(area_.starts, reinterpret_cast<uintptr_t>(room) - area_.base);
  auto* object = reinterpret_cast<Object*>(room);
  object->type = &type;
  return object;
}

Exception* Heap::allocate_exception(const void* tag, const uint64_t* payload, uint64_t slots,
                                    const uint64_t* stack_end) {
  const uint64_t bytes = sizeof(Exception) + slots * sizeof(uint64_t);
  auto* exception = static_cast<Exception*>(allocate(exception_type_, bytes, stack_end));
  if (exception == nullptr) return nullptr;
  exception->tag = tag;
  exception->slots = slots;
  std::copy_n(payload, slots, exception->payload());
  return exception;
}

std::byte* Heap::find_room(uint64_t bytes) {
  return bytes <= kMaxSmallBytes ? find_small(bytes) : find_large(bytes);
}

std::byte* Heap::find_small(uint64_t bytes) {
  // An object that a line can hold fits into every hole; for others a hole is not given up.
  while (bytes > static_cast<uint64_t>(area_.limit - area_.cursor)) {
    if (bytes > kLineBytes && area_.cursor != nullptr) return find_in_overflow(bytes);
    if (!next_hole()) return nullptr;
  }
  return std::exchange(area_.cursor, area_.cursor + bytes);
}

std::byte* Heap::find_in_overflow(uint64_t bytes) {
  if (bytes > static_cast<uint64_t>(overflow_.limit - overflow_.cursor)) {
    std::byte* block = take_block();
    if (block == nullptr) return nullptr;
    overflow_ = {block, block + kBlockBytes};
  }
  return std::exchange(overflow_.cursor, overflow_.cursor + bytes);
}

bool Heap::next_hole() {
  if (next_free_lines()) return true;
  std::byte* block = take_block();
  if (block == nullptr) return false;
  area_.cursor = block;
  area_.limit = hole_end_ = block + kBlockBytes;
  return true;
}

bool Heap::next_free_lines() {
  const size_t end = block_count_ * kLinesPerBlock;
  while (scan_line_ < end) {
    const size_t block = scan_line_ / kLinesPerBlock;
    const size_t block_end = (block + 1) * kLinesPerBlock;
    if (blocks_[block] != BlockState::Lines) {
      scan_line_ = block_end;
      continue;
    }
    uint8_t* const last = lines_ + block_end;
    uint8_t* const begin = std::find(lines_ + scan_line_, last, uint8_t{0});
    uint8_t* const after = std::find_if(begin, last, [](uint8_t line) { return line != 0; });
    scan_line_ = static_cast<size_t>(after - lines_);
    if (begin == after) continue;
    area_.cursor = address_of(0) + static_cast<size_t>(begin - lines_) * kLineBytes;
    area_.limit = hole_end_ = address_of(0) + scan_line_ * kLineBytes;
    use_lines(area_.cursor, static_cast<size_t>(area_.limit - area_.cursor));
    return true;
  }
  return false;
}

// No search finds them again before the next collection.
void Heap::use_lines(std::byte* begin, size_t bytes) {
  const size_t offset = reinterpret_cast<uintptr_t>(begin) - area_.base;
  std::memset(lines_ + offset / kLineBytes, 1, bytes / kLineBytes);
  spent_ += bytes;
}

// A free block to be filled with small objects.
std::byte* Heap::take_block() {
  if (!may_use(1)) return nullptr;
  while (scan_free_ < block_count_ && blocks_[scan_free_] != BlockState::Free) ++scan_free_;
  if (scan_free_ == block_count_) {
    if (!commit_blocks(block_count_ + 1)) return nullptr;
    ++block_count_;
  }
  blocks_[scan_free_] = BlockState::Lines;
  ++used_blocks_;
  std::byte* block = address_of(scan_free_);
  use_lines(block, kBlockBytes);
  return block;
}

std::byte* Heap::find_large(uint64_t bytes) {
  const uint64_t wanted = (bytes + kBlockBytes - 1) / kBlockBytes;
  if (wanted * kBlockBytes > reserved_bytes_ || !may_use(wanted)) return nullptr;
  const auto count = static_cast<uint32_t>(wanted);
  uint32_t first = find_free_run(scan_large_, count);
  if (!commit_blocks(first + count)) {
    first = find_free_run(0, count);
    if (!commit_blocks(first + count)) return nullptr;
  }
  scan_large_ = first + count;
  block_count_ = std::max(block_count_, first + count);
  used_blocks_ += count;
  blocks_[first] = BlockState::LargeBegin;
  std::fill_n(blocks_ + first + 1, count - 1, BlockState::LargeRest);
  spent_ += wanted * kBlockBytes;
  return address_of(first);
}

// The first of so many free blocks; perhaps beyond those that have been used yet.
uint32_t Heap::find_free_run(uint32_t from, uint32_t count) const {
  uint32_t first = from;
  for (uint32_t i = from; i < block_count_ && i - first < count; ++i)
    if (blocks_[i] != BlockState::Free) first = i + 1;
  return first;
}

}  // namespace wrun::gc
