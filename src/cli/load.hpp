// Loading a module, with a report of what is wrong with it.
#pragma once

#include <optional>
#include <string>

#include "wrun/wrun.hpp"

namespace wrun::cli {

std::optional<FileContents> read_or_report(const std::string& file);
std::optional<Module> load_or_report(const Engine& engine, const std::string& file,
                                     const FileContents& contents);
// Both at once.
std::optional<Module> load_or_report(const Engine& engine, const std::string& file);
// A module, or compiled code, which runs as it is. `cache` may be null.
std::optional<Module> load_program_or_report(const Engine& engine, const std::string& file,
                                             const FileContents& contents, const Cache* cache);

}  // namespace wrun::cli
