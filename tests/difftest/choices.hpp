// Where a generator takes its decisions from: random numbers, or a list of earlier decisions. The list
// may be cut or changed at will, since 0 follows its end and always stands for what is simplest: so a
// generated thing is reduced by reducing the list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace wrun::difftest {

class Choices {
 public:
  explicit Choices(uint64_t seed) : random_(seed), is_random_(true) {}
  explicit Choices(std::vector<uint64_t> earlier) : earlier_(std::move(earlier)) {}

  uint64_t bits() { return take(UINT64_MAX); }
  uint32_t below(uint32_t count) { return count <= 1 ? 0 : static_cast<uint32_t>(take(count - 1)); }
  bool one_in(uint32_t count) { return below(count) == count - 1; }
  template <class T, size_t size>
  const T& any(const T (&list)[size]) {
    return list[below(size)];
  }
  template <class List>
  const auto& any(const List& list) {
    return list[below(static_cast<uint32_t>(list.size()))];
  }

  const std::vector<uint64_t>& taken() const { return taken_; }

 private:
  uint64_t take(uint64_t maximum) {
    uint64_t value = 0;
    if (is_random_)
      value = random_();
    else if (taken_.size() < earlier_.size())
      value = earlier_[taken_.size()];
    if (maximum != UINT64_MAX) value %= maximum + 1;
    taken_.push_back(value);
    return value;
  }

  std::mt19937_64 random_;
  bool is_random_ = false;
  std::vector<uint64_t> earlier_;
  std::vector<uint64_t> taken_;
};

}  // namespace wrun::difftest
