#include "runtime/table.hpp"

#include <algorithm>
#include <cstdlib>

#include "wasm/limits.hpp"

namespace wrun::runtime {

Result<std::unique_ptr<Table>> Table::create(const wasm::TableType& type, RefSlot init,
                                             uint64_t maximum_elements) {
  std::unique_ptr<Table> table(new Table);
  table->type_ = type;
  table->maximum_ = std::min(maximum_elements, wasm::kMaxTableElements);
  if (type.limits.maximum) table->maximum_ = std::min(table->maximum_, *type.limits.maximum);
  const uint64_t size = type.limits.minimum;
  if (!table->grow(size, init))
    return fail(Error::Kind::Unsupported,
                "table of " + std::to_string(size) + " elements: beyond the limit of " +
                    std::to_string(table->maximum_) + " or out of memory");
  return table;
}

Table::~Table() { std::free(view_.elements); }

std::optional<uint64_t> Table::grow(uint64_t delta, RefSlot init) {
  const uint64_t old_size = view_.size;
  if (delta > maximum_ - old_size) return std::nullopt;
  const uint64_t new_size = old_size + delta;
  if (new_size > capacity_ && !enlarge(new_size)) return std::nullopt;
  // Everything past the size is zero, which is null, already.
  if (init != 0) std::fill_n(view_.elements + old_size, delta, init);
  view_.size = new_size;
  return old_size;
}

void Table::reset(RefSlot init) {
  const uint64_t initial = type_.limits.minimum;
  std::fill_n(view_.elements, initial, init);
  std::fill(view_.elements + initial, view_.elements + view_.size, 0);
  view_.size = initial;
}

bool Table::enlarge(uint64_t minimum_capacity) {
  // Doubling keeps repeated growth by one linear; large zeroed blocks cost nothing until touched.
  const uint64_t wanted = std::min(std::max(minimum_capacity, capacity_ * 2), maximum_);
  auto* moved = static_cast<RefSlot*>(std::calloc(wanted, sizeof(RefSlot)));
  if (moved == nullptr) return false;
  std::copy_n(view_.elements, view_.size, moved);
  std::free(view_.elements);
  view_.elements = moved;
  capacity_ = wanted;
  return true;
}

}  // namespace wrun::runtime
