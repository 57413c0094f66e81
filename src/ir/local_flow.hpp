// Which locals need a parameter where the control flow of a body meets: those that are assigned inside
// of a construct and live at its label. Found before construction, in one pass over the body forward
// (assignments) and one backward over what it noted (liveness).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "wasm/module.hpp"

namespace wrun::ir {

class LocalFlow {
 public:
  // Constructs (block, loop, if, try, try_table) are numbered in the order of the body, from 0 on, those
  // in unreachable code included.
  // With an `entry_loop` (BuildOptions), any local may have another value at that loop than before it.
  LocalFlow(const wasm::Module& module, const wasm::Function& function, uint32_t locals,
            uint32_t entry_loop = 0);

  // False: so many locals and constructs that finding out would take too long.
  bool is_complete() const { return is_complete_; }

  // The loops around the entry loop from the outermost on, and the entry loop; empty if it cannot be entered
  // there.
  std::span<const uint32_t> entry_path() const { return entry_path_; }

  // Locals, ascending, that the label's block takes as parameters: at the end of the construct, or at
  // the beginning of a loop.
  std::span<const uint32_t> at_label(uint32_t construct) const {
    return at_label_[construct].in(pool_);
  }
  // Locals assigned anywhere inside, of `if`.
  std::span<const uint32_t> assigned(uint32_t construct) const {
    return assigned_[construct].in(pool_);
  }
  // Of constructs that catch: what the handling of an exception needs of those assigned inside.
  std::span<const uint32_t> at_handler(uint32_t construct) const {
    return at_handler_[construct].in(pool_);
  }

 private:
  struct List {
    uint32_t first = 0;
    uint32_t count = 0;
    std::span<const uint32_t> in(const std::vector<uint32_t>& pool) const {
      return {pool.data() + first, count};
    }
  };

  bool is_complete_ = true;
  std::vector<List> at_label_;
  std::vector<List> assigned_;
  std::vector<List> at_handler_;
  std::vector<uint32_t> pool_;
  std::vector<uint32_t> entry_path_;

  friend class LocalFlowFinder;
};

}  // namespace wrun::ir
