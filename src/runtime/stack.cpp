#include "runtime/stack.hpp"

#include <algorithm>

#include "base/os_memory.hpp"

namespace wrun::runtime {
namespace {

constexpr uint64_t kMaxStackBytes = uint64_t{1} << 40;

}  // namespace

Stack::Stack(uint64_t bytes)
    : bytes_(round_up_to_os_page(std::clamp<uint64_t>(bytes, 1, kMaxStackBytes))) {}

Stack::~Stack() {
  if (region_ != nullptr) os_release(region_, bytes_ + 2 * os_page_size());
}

const uint64_t* Stack::bottom() const {
  if (region_ == nullptr) return nullptr;
  return reinterpret_cast<const uint64_t*>(static_cast<std::byte*>(region_) + os_page_size());
}

const uint64_t* Stack::top() const {
  return region_ == nullptr ? nullptr : bottom() + bytes_ / sizeof(uint64_t);
}

bool Stack::ensure_mapped() {
  if (region_ != nullptr) return true;
  // A page at each end stays inaccessible, so that an overrun is a crash and not a corruption.
  const size_t guard = os_page_size();
  void* region = os_reserve(bytes_ + 2 * guard);
  if (region == nullptr) return false;
  std::byte* bottom = static_cast<std::byte*>(region) + guard;
  if (!os_commit(bottom, bytes_)) {
    os_release(region, bytes_ + 2 * guard);
    return false;
  }
  region_ = region;
  frames = reinterpret_cast<uint64_t*>(bottom);
  records = reinterpret_cast<uint64_t*>(bottom + bytes_);
  return true;
}

}  // namespace wrun::runtime
