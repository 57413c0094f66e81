// UTF-8 well-formedness (spec 5.2.4; Unicode 15, table 3-7).
#pragma once

#include <string_view>

namespace wrun {

bool is_valid_utf8(std::string_view text);

}  // namespace wrun
