// Names of files as the user writes them.
#pragma once

#include <initializer_list>
#include <string_view>

namespace wrun::cli {

// What stands behind the last slash.
std::string_view file_name(std::string_view path);

// Without the first of the endings that it has.
std::string_view without_ending(std::string_view path,
                                std::initializer_list<std::string_view> endings);

}  // namespace wrun::cli
