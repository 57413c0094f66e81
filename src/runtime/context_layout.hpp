// What stands behind a VMContext, where compiled code reaches it without a pointer in between. Depends on
// the module alone.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/vm_context.hpp"
#include "wasm/module.hpp"

namespace wrun::runtime {

class ContextLayout {
 public:
  explicit ContextLayout(const wasm::Module& module)
      : first_global_(module.imported_globals),
        table_views_(kCells + (module.globals.size() - first_global_) * sizeof(GlobalCell)),
        table_elements_(table_views_ + module.tables.size() * sizeof(TableView*)),
        type_ids_(table_elements_ + module.tables.size() * sizeof(RefSlot*)),
        bytes_(type_ids_ + module.types.size() * sizeof(uint32_t)) {}

  // Offsets from the context.
  size_t global_cell(uint32_t index) const {  // of one that the module defines
    return kCells + (index - first_global_) * sizeof(GlobalCell);
  }
  size_t table_view(uint32_t index) const { return table_views_ + index * sizeof(TableView*); }
  // Where its elements were at first, and are for ever if it cannot grow.
  size_t table_elements(uint32_t index) const { return table_elements_ + index * sizeof(RefSlot*); }
  size_t type_id(uint32_t index) const { return type_ids_ + index * sizeof(uint32_t); }
  size_t bytes() const { return bytes_; }  // with the context

 private:
  static constexpr size_t kCells =
      (sizeof(VMContext) + sizeof(GlobalCell) - 1) / sizeof(GlobalCell) * sizeof(GlobalCell);

  uint32_t first_global_;
  size_t table_views_;
  size_t table_elements_;
  size_t type_ids_;
  size_t bytes_;
};

}  // namespace wrun::runtime
