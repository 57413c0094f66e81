// The commands of wrun. Each returns the exit status.
#pragma once

#include "cli/run_options.hpp"

namespace wrun::cli {

int run(const Options& options);  // or `snapshot`
// The same on what was recorded; what is not in the recording is not looked for elsewhere.
int run_recorded(const Options& options, Recording recording);
int replay(const Options& options);
int validate(const Options& options);
int info(const Options& options);
int wast(const Options& options);
int compile(const Options& options);
int cache(const Options& options);
int objdump(const Options& options);
int wasm2wat(const Options& options);
int wat2wasm(const Options& options);
int strip(const Options& options);
int completion(const Options& options);
int help(const Options& options);
int man();

// The whole program: `arguments` is argv without the program's name.
int run_command_line(std::span<const char* const> arguments);

}  // namespace wrun::cli
