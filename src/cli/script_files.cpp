#include "cli/script_files.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace wrun::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCurrentStandard = "wasm-3.0";

struct Folder {
  std::string_view name;
  std::string_view features;
};
constexpr Folder kFolders[] = {
#define WRUN_SPEC_FOLDER(name, features) {name, features},
#include "spec-tests/folders.def"
#undef WRUN_SPEC_FOLDER
};

void add_folder(const fs::path& folder, std::vector<std::string>& files) {
  const size_t first = files.size();
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".wast")
      files.push_back(entry.path().string());
  std::sort(files.begin() + static_cast<std::ptrdiff_t>(first), files.end());
}

bool is_standard(std::string_view name) { return name == "all" || name.starts_with("wasm-"); }

bool is_proposal(std::string_view name) {
  return std::ranges::find(known_features(), name, &FeatureInfo::name) != known_features().end();
}

}  // namespace

std::expected<std::vector<std::string>, std::string> find_scripts(
    const std::vector<std::string>& files_and_folders) {
  std::vector<std::string> files;
  try {
    for (const std::string& path : files_and_folders) {
      if (!fs::is_directory(path))
        files.push_back(path);
      else
        add_folder(path, files);
    }
  } catch (const fs::filesystem_error& error) {
    return std::unexpected(std::string(error.what()));
  }
  return files;
}

std::string_view features_for(const std::string& file) {
  std::error_code ignored;
  const fs::path absolute = fs::absolute(file, ignored);
  const std::string folder = absolute.parent_path().generic_string() + '/';
  for (const Folder& known : kFolders)
    if (folder.find(fmt::format("/{}/", known.name)) != folder.npos) return known.features;
  return kCurrentStandard;
}

std::expected<Config, std::string> parse_features(std::string_view list) {
  Config config;
  while (!list.empty()) {
    std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(name.size() + 1, list.size()));
    if (is_standard(name)) {
      config.standard = name;
      config.features.clear();
      continue;
    }
    const bool enabled = !name.starts_with('-');
    if (!enabled) name.remove_prefix(1);
    if (!is_proposal(name))
      return std::unexpected(fmt::format("there is no WebAssembly proposal `{}`", name));
    config.features.push_back({std::string(name), enabled});
  }
  return config;
}

}  // namespace wrun::cli
