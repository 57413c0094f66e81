// Keeping for the next time what a run had to compile.
#pragma once

#include <span>
#include <string>

#include "cli/run_options.hpp"

namespace wrun::cli {

// Starts `wrun cache add` on the files for runs with these options, to work when the machine has nothing else to do. It has
// nothing in common with this process any more, and nobody waits for it.
void fill_cache(const Options& options, std::span<const std::string> files);

}  // namespace wrun::cli
