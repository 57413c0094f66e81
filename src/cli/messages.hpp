// What the user is told when something went wrong: what, where, and what to do next.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wrun/wrun.hpp"

namespace wrun::cli {

// "cannot load `app.wasm`: …", with the place in the module. `bytes` is the file, if it was read.
std::string describe_load_error(std::string_view file, const Error& error,
                                std::span<const std::byte> bytes = {});
// All imports that are missing, and how to provide them.
std::string describe_missing_imports(std::string_view file, std::span<const ImportType> missing);
// "`app.wasm` exports no function `ad`", with what it exports.
std::string describe_missing_export(std::string_view file, std::string_view name,
                                    const Module& module);
// What stopped the guest, and the backtrace.
std::string describe_trap(const Trap& trap);
// Which option would have granted a path that WASI refused.
// Whether a path, as the guest names it, is in one of the directories.
bool is_granted(std::string_view path, std::span<const WasiConfig::Directory> granted);

std::string describe_refused_path(const RefusedPath& refused,
                                  std::span<const WasiConfig::Directory> granted);

// C++ and Rust names as people know them; other names as they are.
std::string demangle(const std::string& name);

}  // namespace wrun::cli
