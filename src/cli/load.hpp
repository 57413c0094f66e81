// Loading a module, with a report of what is wrong with it.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "cli/run_options.hpp"
#include "wrun/wrun.hpp"

namespace wrun::cli {

// For code that is kept, as runs with the same options (--for, --opt-level, proposals) make it.
std::optional<Engine> engine_for_kept_code(const Options& options);

std::optional<FileContents> read_or_report(const std::string& file);
// What --profile-use names; nothing without it. False: it cannot be read.
bool read_profile_or_report(const Options& options, std::optional<FileContents>& profile);
inline std::optional<std::span<const std::byte>> bytes_of(const std::optional<FileContents>& file) {
  return file ? std::optional(file->bytes) : std::nullopt;
}
std::optional<Module> load_or_report(const Engine& engine, const std::string& file,
                                     const FileContents& contents);
// Both at once.
std::optional<Module> load_or_report(const Engine& engine, const std::string& file);
// A module, or compiled code, which runs as it is. `cache` may be null.
std::optional<LoadedModule> load_program_or_report(const Engine& engine, const std::string& file,
                                                   const FileContents& contents,
                                                   const Cache* cache = nullptr);

}  // namespace wrun::cli
