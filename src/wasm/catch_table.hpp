// Which exceptions the regions of a function catch: for compiled code's unwinder, which looks for a frame
// that has a handler before it undoes any.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace wrun::wasm {

// The table where it lies, in memory or in a file.
class CatchTableView {
 public:
  static constexpr uint32_t kNoRegion = 0;
  static constexpr uint32_t kAllTags = UINT32_MAX;

  struct Region {
    uint32_t parent = kNoRegion;
    uint32_t first_clause = 0;
  };
  struct Clause {
    uint32_t tag = kAllTags;
    uint32_t next = 0;
  };

  CatchTableView() = default;
  CatchTableView(const Region* regions, const Clause* clauses)
      : regions_(regions), clauses_(clauses) {}

  // Whether an exception in the region is caught in the function; is_thrown(tag) says whether that is its
  // tag.
  template <class IsThrown>
  bool catches(uint32_t region, IsThrown&& is_thrown) const {
    for (; region != kNoRegion; region = regions_[region - 1].parent)
      for (uint32_t clause = regions_[region - 1].first_clause; clause != 0;
           clause = clauses_[clause - 1].next)
        if (const uint32_t tag = clauses_[clause - 1].tag; tag == kAllTags || is_thrown(tag))
          return true;
    return false;
  }

 private:
  const Region* regions_ = nullptr;  // by number, from 1 on
  const Clause* clauses_ = nullptr;
};

class CatchTable {
 public:
  static constexpr uint32_t kNoRegion = CatchTableView::kNoRegion;
  static constexpr uint32_t kAllTags = CatchTableView::kAllTags;

  // A region inside of another one, or in none.
  uint32_t add_region(uint32_t parent) {
    regions_.push_back({.parent = parent});
    return static_cast<uint32_t>(regions_.size());
  }
  void set_parent(uint32_t region, uint32_t parent) { regions_[region - 1].parent = parent; }
  void add_tag(uint32_t region, uint32_t tag) {
    uint32_t& first = regions_[region - 1].first_clause;
    clauses_.push_back({.tag = tag, .next = first});
    first = static_cast<uint32_t>(clauses_.size());
  }

  std::span<const CatchTableView::Region> regions() const { return regions_; }
  std::span<const CatchTableView::Clause> clauses() const { return clauses_; }
  CatchTableView view() const { return {regions_.data(), clauses_.data()}; }

 private:
  std::vector<CatchTableView::Region> regions_;
  std::vector<CatchTableView::Clause> clauses_;
};

}  // namespace wrun::wasm
