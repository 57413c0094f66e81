// Tables (spec 4.2.7): arrays of one-slot references.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "runtime/vm_context.hpp"
#include "wasm/types.hpp"

namespace wrun::runtime {

class Table {
 public:
  static Result<std::unique_ptr<Table>> create(const wasm::TableType& type, RefSlot init,
                                               uint64_t maximum_elements);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  TableView* view() { return &view_; }
  uint64_t size() const { return view_.size; }
  const wasm::TableType& type() const { return type_; }
  // The previous size, or nothing when a limit or the host refuses. `elements` of the view may move.
  std::optional<uint64_t> grow(uint64_t delta, RefSlot init);
  // As it was created.
  void reset(RefSlot init);

 private:
  Table() = default;
  bool enlarge(uint64_t minimum_capacity);

  TableView view_;
  wasm::TableType type_;
  uint64_t maximum_ = 0;   // elements, by type and host
  uint64_t capacity_ = 0;  // elements; those from view_.size on are null
};

}  // namespace wrun::runtime
