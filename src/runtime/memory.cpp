#include "runtime/memory.hpp"

#include <algorithm>
#include <string>

#include "base/os_memory.hpp"
#include "wasm/limits.hpp"
#include "wasm/memory_guard.hpp"

namespace wrun::runtime {
namespace {

// 32-bit index + 32-bit offset + the width of an access, rounded up.
constexpr uint64_t kGuardedReservation = (uint64_t{8} << 30) + (64 << 10);
// More do not leave less for each.
constexpr size_t kMostOthers = 1000;
// Who asks for so much at once is going to use it.
constexpr uint64_t kLargeGrowth = 4 << 20;

// The most pages that memory.size can report and the index type can address.
uint64_t index_space_pages(const wasm::MemoryType& type) {
  if (type.limits.is_64) return UINT64_MAX >> type.page_size_log2;
  return std::min<uint64_t>(uint64_t{1} << (32 - type.page_size_log2), UINT32_MAX);
}

uint64_t maximum_bytes(const wasm::MemoryType& type, uint64_t host_limit) {
  uint64_t pages = index_space_pages(type);
  if (type.limits.maximum) pages = std::min(pages, *type.limits.maximum);
  return std::min({pages << type.page_size_log2, host_limit, wasm::kMaxMemory64Bytes});
}

}  // namespace

Memory::Memory(const wasm::MemoryType& type)
    : type_(type), parking_lot_(type.is_shared ? std::make_unique<ParkingLot>() : nullptr) {}

Result<std::shared_ptr<Memory>> Memory::create(const wasm::MemoryType& type,
                                               const Options& options) {
  std::shared_ptr<Memory> memory(new Memory(type));
  memory->maximum_bytes_ = maximum_bytes(type, options.maximum_bytes);

  const uint64_t minimum = type.limits.minimum;
  const std::string what = "memory of " + std::to_string(minimum) + " pages: ";
  if (minimum > memory->maximum_bytes_ >> type.page_size_log2)
    return fail(Error::Kind::Unsupported,
                what + "beyond the limit of " + std::to_string(memory->maximum_bytes_) + " bytes");

  const bool can_guard = options.allow_guard && wasm::can_be_guarded(type);
  if (!(can_guard && memory->reserve_guarded()) && !memory->reserve_checked(options.others))
    return fail(Error::Kind::Unsupported, what + "the host has no address space for it");
  if (!memory->grow(minimum)) return fail(Error::Kind::Unsupported, what + "out of memory");
  return memory;
}

Memory::~Memory() {
  if (reservation_ != nullptr) unregister_reservation(reservation_);
  if (view_.base != nullptr) os_release(view_.base, reserved_);
}

bool Memory::reserve_guarded() {
  void* base = os_reserve(kGuardedReservation);
  if (base == nullptr) return false;
  view_.base = static_cast<std::byte*>(base);
  reserved_ = kGuardedReservation;
  kind_ = MemoryKind::Guarded;
  reservation_ = register_reservation(base, reserved_);
  return true;
}

// Reserves as much of the maximum as leaves the process the same amount again, and once more for each
// other memory: where address space is scarce, the host and memories to come need some too.
bool Memory::reserve_checked(size_t others) {
  const uint64_t minimum = type_.limits.minimum << type_.page_size_log2;
  const uint64_t shares = std::min(others, kMostOthers) + 1;
  uint64_t wanted = maximum_bytes_;
  while (true) {
    const uint64_t bytes = round_up_to_os_page(std::max<uint64_t>(wanted, 1));
    const uint64_t headroom = wanted > minimum ? bytes * shares : 0;
    if (void* base = os_reserve(bytes + headroom)) {
      view_.base = static_cast<std::byte*>(base);
      os_release(view_.base + bytes, headroom);
      reserved_ = bytes;
      maximum_bytes_ = wanted;
      return true;
    }
    if (wanted == minimum) return false;
    wanted = std::max(wanted / 2, minimum);
  }
}

std::optional<uint64_t> Memory::grow(uint64_t delta_pages) {
  const std::lock_guard lock(growing_);
  const uint64_t old_size = view_.size();
  if (delta_pages > (maximum_bytes_ - old_size) >> type_.page_size_log2) return std::nullopt;
  const uint64_t new_size = old_size + (delta_pages << type_.page_size_log2);
  const uint64_t old_end = round_up_to_os_page(old_size);
  const uint64_t new_end = round_up_to_os_page(new_size);
  if (!os_commit(view_.base + old_end, new_end - old_end)) return std::nullopt;
  if (new_end - old_end >= kLargeGrowth && old_size != 0)
    os_prefer_large_pages(view_.base + old_end, new_end - old_end);
  view_.set_size(new_size);
  return old_size >> type_.page_size_log2;
}

bool Memory::reset() {
  const uint64_t initial = type_.limits.minimum << type_.page_size_log2;
  const uint64_t initial_end = round_up_to_os_page(initial);
  const uint64_t end = round_up_to_os_page(size());
  view_.set_size(initial);
  return os_decommit(view_.base + initial_end, end - initial_end) &&
         os_reset(view_.base, initial_end);
}

bool Memory::reserves(const void* address) const {
  const auto* byte = static_cast<const std::byte*>(address);
  return byte >= view_.base && byte < view_.base + reserved_;
}

}  // namespace wrun::runtime
