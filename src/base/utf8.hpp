// UTF-8 well-formedness (spec 5.2.4; Unicode 15, table 3-7).
#pragma once

#include <cstddef>
#include <string_view>

namespace wrun {

// The length of the longest well-formed start of `text`.
size_t valid_utf8_length(std::string_view text);

inline bool is_valid_utf8(std::string_view text) { return valid_utf8_length(text) == text.size(); }

}  // namespace wrun
