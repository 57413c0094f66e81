#include "cli/similar.hpp"

#include <algorithm>
#include <compare>
#include <numeric>

namespace wrun::cli {
namespace {

// Names longer than this are not compared: the effort is quadratic.
constexpr size_t kLongestWord = 64;

struct Candidate {
  size_t distance;
  std::string_view name;
  auto operator<=>(const Candidate&) const = default;
};

// Levenshtein's distance.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string_view> similar_words(std::string_view word,
                                            std::span<const std::string> known, size_t count) {
  std::vector<Candidate> candidates;
  if (!word.empty() && word.size() <= kLongestWord) {
    for (const std::string& name : known) {
      if (name.empty() || name.size() > kLongestWord) continue;
      const bool contains = name.find(word) != name.npos || word.find(name) != word.npos;
      const size_t distance = contains ? 1 : edit_distance(word, name);
      if (distance <= 1 + word.size() / 3) candidates.push_back({distance, name});
    }
  }
  std::ranges::sort(candidates);
  std::vector<std::string_view> names;
  for (const Candidate& candidate : candidates)
    if (names.size() < count) names.push_back(candidate.name);
  return names;
}

}  // namespace wrun::cli
