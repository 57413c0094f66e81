// Linear memory (spec 4.2.8). A 32-bit memory reserves its whole index space and a guard, so that
// every address that `i32 index + 32-bit offset` can form either is accessible or faults: code needs
// no bounds checks. Where the reservation is refused (`ulimit -v`, small containers), or for 64-bit
// indices and custom page sizes, the memory is `Checked`: code compares with MemoryView::size().
// Growth never moves either kind, which lets threads share a memory: they may grow it at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.hpp"
#include "runtime/parking_lot.hpp"
#include "runtime/signals.hpp"
#include "runtime/vm_context.hpp"
#include "wasm/types.hpp"

namespace wrun::runtime {

enum class MemoryKind : uint8_t { Guarded, Checked };

class Memory : public std::enable_shared_from_this<Memory> {
 public:
  struct Options {
    uint64_t maximum_bytes = UINT64_MAX;  // the host's limit, on top of the type's
    bool allow_guard = true;              // false: always Checked
    size_t others = 0;                    // that there are: more are likely to come
  };
  // Fails with Error::Kind::Unsupported when the initial size exceeds the limits or the host has
  // no memory for it.
  static Result<std::shared_ptr<Memory>> create(const wasm::MemoryType& type,
                                                const Options& options);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  MemoryView* view() { return &view_; }
  std::byte* base() const { return view_.base; }
  uint64_t size() const { return view_.size(); }  // bytes
  uint64_t pages() const { return size() >> type_.page_size_log2; }
  MemoryKind kind() const { return kind_; }
  const wasm::MemoryType& type() const { return type_; }  // limits.minimum is the initial one
  // The previous size in pages, or nothing when a limit or the host refuses.
  std::optional<uint64_t> grow(uint64_t delta_pages);
  // As it was created, or what is mapped there from a file since. False: the host refuses, and the memory is
  // not to be used any more. Not of a shared memory.
  [[nodiscard]] bool reset();
  // Where threads wait at addresses of a shared memory; null if it is not shared.
  ParkingLot* parking_lot() { return parking_lot_.get(); }
  // Whether an address lies in the reservation (accessible or guard).
  bool reserves(const void* address) const;

 private:
  explicit Memory(const wasm::MemoryType& type);
  bool reserve_guarded();
  bool reserve_checked(size_t others);

  MemoryView view_;
  wasm::MemoryType type_;
  MemoryKind kind_ = MemoryKind::Checked;
  uint64_t reserved_ = 0;               // bytes of address space from base
  uint64_t maximum_bytes_ = 0;          // by type, host and address space
  Reservation* reservation_ = nullptr;  // Guarded: what tells the fault handler
  std::mutex growing_;
  std::unique_ptr<ParkingLot> parking_lot_;  // shared memories
};

}  // namespace wrun::runtime
