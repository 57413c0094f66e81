// Loading a module, with a report of what is wrong with it.
#pragma once

#include <optional>
#include <string>

#include "cli/stats.hpp"
#include "wrun/wrun.hpp"

namespace wrun::cli {

// `stats` counts what it took, if given.
std::optional<Module> load_or_report(const Engine& engine, const std::string& file,
                                     Stats* stats = nullptr);

}  // namespace wrun::cli
