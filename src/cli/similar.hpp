// "Did you mean": words that differ little from one that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wrun::cli {

// The words of `known` closest to `word`, best first, at most `count`; none that is too different.
std::vector<std::string_view> similar_words(std::string_view word,
                                            std::span<const std::string> known, size_t count);

}  // namespace wrun::cli
