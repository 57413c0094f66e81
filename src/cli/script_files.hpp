// The scripts that `wrun wast` is to run.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "wrun/engine.hpp"

namespace wrun::cli {

// Files as they are, and of folders all .wast files in them and below, in order.
std::expected<std::vector<std::string>, std::string> find_scripts(
    const std::vector<std::string>& files_and_folders);

// What the suite's scripts in the file's folder are written for, as a list of features.
std::string_view features_for(const std::string& file);

// A list such as "wasm-2.0,threads,-simd": the version of the standard to start from (or "all"; if
// there is none, wrun's defaults), and proposals to add or to leave out.
std::expected<Config, std::string> parse_features(std::string_view list);

}  // namespace wrun::cli
