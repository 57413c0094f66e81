// The heap of a store: a non-moving mark-region collector (docs/adr/0006-garbage-collection.md).
//
// The address space of the whole heap is reserved when the first object is made. It is divided into
// blocks of 256 lines; small objects are bump-allocated into runs of free lines, larger ones take
// blocks of their own. Marking sets a bit for every object that is reached and a byte for every line
// that one lies in; what is not set is free afterwards.
//
// Objects are traced by their types, roots either precisely or conservatively: a word that may or may
// not be a reference counts as one if the bit of an object's beginning is set for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "gc/object.hpp"
#include "wrun/collection.hpp"

namespace wrun::gc {

class Heap;

// Marks what roots refer to. For RootSource.
class Marker {
 public:
  // A slot of a reference type that is not a function's.
  void mark(Reference reference);
  // Slots of unknown type.
  void mark_conservatively(const uint64_t* begin, const uint64_t* end);

 private:
  friend class Heap;
  explicit Marker(Heap& heap) : heap_(heap) {}
  void visit(uint64_t offset);
  void trace(Object& object);
  void drain();

  Heap& heap_;
  std::vector<Object*> pending_;
  uint64_t live_bytes_ = 0;
};

// Who knows the roots: the store.
class RootSource {
 public:
  // `stack_end` is where the used part of the guest stack ends, or null for where the latest
  // activation says that it does.
  virtual void mark_roots(Marker& marker, const uint64_t* stack_end) = 0;

 protected:
  ~RootSource() = default;
};

// Where the next small object goes, as compiled code sees it: Heap::try_allocate() in another language.
struct AllocationArea {
  std::byte* cursor = nullptr;  // the hole that is being filled
  std::byte* limit = nullptr;
  uint64_t* starts = nullptr;  // a bit for every 8 bytes from `base` on: an object begins there
  uintptr_t base = 0;
};

struct HeapOptions {
  uint64_t maximum_bytes = UINT64_MAX;
  bool collect_always = false;  // at every allocation, to find references that nobody marks
};

class Heap {
 public:
  static constexpr size_t kBlockBytes = 32 << 10;
  static constexpr size_t kLineBytes = 128;

  Heap(RootSource& roots, const HeapOptions& options);
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // An object of `bytes`, a multiple of 8, whose contents after the type are undefined: nothing may
  // be allocated until it is filled in. Null if there is no room even after a collection.
  [[gnu::always_inline]] Object* allocate(const wasm::CanonicalType& type, uint64_t bytes,
                                          const uint64_t* stack_end = nullptr) {
    Object* object = try_allocate(type, bytes);
    return object != nullptr ? object : allocate_slowly(type, bytes, stack_end);
  }
  // Without a collection; null if there is no room at hand.
  [[gnu::always_inline]] Object* try_allocate(const wasm::CanonicalType& type, uint64_t bytes) {
    if (bytes > static_cast<uint64_t>(area_.limit - area_.cursor)) [[unlikely]]
      return nullptr;
    auto* object = reinterpret_cast<Object*>(area_.cursor);
    area_.cursor += bytes;
    set_bit(area_.starts, reinterpret_cast<uintptr_t>(object) - area_.base);
    object->type = &type;
    return object;
  }
  Object* allocate_slowly(const wasm::CanonicalType& type, uint64_t bytes,
                          const uint64_t* stack_end);
  // `payload` is where the guest stack, or something else that is marked, holds the arguments.
  Exception* allocate_exception(const void* tag, const uint64_t* payload, uint64_t slots,
                                const uint64_t* stack_end = nullptr);

  AllocationArea& allocation_area() { return area_; }
  // Larger objects can never be made, whatever is collected.
  uint64_t max_object_bytes() const { return options_.maximum_bytes; }
  bool is_object(Reference reference) const;
  void collect(const uint64_t* stack_end = nullptr);
  uint64_t used_bytes() const { return uint64_t{used_blocks_} * kBlockBytes; }
  uint64_t collections() const { return collections_; }
  // Called after every collection; must not allocate.
  std::function<void(const Collection&)> on_collection;

 private:
  friend class Marker;
  enum class BlockState : uint8_t { Free, Lines, LargeBegin, LargeRest };
  static constexpr size_t kLinesPerBlock = kBlockBytes / kLineBytes;
  static constexpr size_t kMaxSmallBytes = kBlockBytes / 4;
  static constexpr size_t kGranule = 8;

  // A run of free lines, or what is left of it.
  struct Hole {
    std::byte* cursor = nullptr;
    std::byte* limit = nullptr;
  };

  [[gnu::always_inline]] static void set_bit(uint64_t* bits, uint64_t offset) {
    bits[offset / (kGranule * 64)] |= uint64_t{1} << (offset / kGranule % 64);
  }
  static bool has_bit(const uint64_t* bits, uint64_t offset) {
    return (bits[offset / (kGranule * 64)] >> (offset / kGranule % 64) & 1) != 0;
  }
  // Whether an object begins at area_.base + offset.
  bool is_start(uint64_t offset) const {
    return offset < committed_bytes_ && offset % kGranule == 0 && has_bit(area_.starts, offset);
  }

  // --- heap.cpp
  bool reserve();
  // Only if there is `headroom` besides.
  bool reserve(uint64_t heap_bytes, uint64_t headroom);
  bool commit_more();
  bool commit_blocks(uint32_t count);
  std::byte* find_room(uint64_t bytes);
  std::byte* find_small(uint64_t bytes);
  std::byte* find_in_overflow(uint64_t bytes);
  std::byte* find_large(uint64_t bytes);
  uint32_t find_free_run(uint32_t from, uint32_t count) const;
  bool next_hole();
  bool next_free_lines();
  void use_lines(std::byte* begin, size_t bytes);
  std::byte* take_block();
  bool may_use(uint64_t blocks) const {
    return (used_blocks_ + blocks) * kBlockBytes <= options_.maximum_bytes;
  }
  std::byte* address_of(uint64_t block) const {
    return reinterpret_cast<std::byte*>(area_.base) + block * kBlockBytes;
  }

  // --- collection.cpp
  bool should_collect() const { return options_.collect_always || spent_ >= budget_; }
  // Collecting again and again for little room is giving up slowly.
  bool is_worth_collecting() const { return spent_ >= used_bytes() / 32 || gave_up_; }
  void sweep();

  RootSource& roots_;
  const HeapOptions options_;

  AllocationArea area_;
  std::byte* hole_end_ = nullptr;  // the real end when area_.limit is kept down to collect always
  Hole overflow_;                  // a block for objects that do not fit into the hole

  uint64_t* marks_ = nullptr;     // like area_.starts, of the collection that is going on
  uint8_t* lines_ = nullptr;      // a byte for every line: something live lies in it
  BlockState* blocks_ = nullptr;  // by number: what is where in the heap
  uint64_t reserved_bytes_ = 0;   // of the heap itself
  uint64_t committed_bytes_ = 0;
  uint32_t block_count_ = 0;  // blocks that have been used at some time: all beyond are free
  uint32_t used_blocks_ = 0;  // that are not free
  // Where searches go on; they begin anew after a collection.
  uint32_t scan_free_ = 0;   // for a free block
  uint32_t scan_large_ = 0;  // for several in a row
  size_t scan_line_ = 0;     // for free lines
  void* reservation_ = nullptr;
  size_t reservation_bytes_ = 0;

  uint64_t spent_ = 0;  // bytes handed out since the latest collection
  uint64_t budget_ = kMinBudget;
  bool gave_up_ = false;  // the latest allocation failed: the roots may be others now
  uint64_t collections_ = 0;
  wasm::CanonicalType exception_type_;
  static constexpr uint64_t kMinBudget = 8 << 20;
};

}  // namespace wrun::gc
