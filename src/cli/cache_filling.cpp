#include "cli/cache_filling.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>

#include <vector>

extern char** environ;

namespace wrun::cli {
namespace {

std::vector<std::string> command_line(const Options& options, std::span<const std::string> files) {
  std::vector<std::string> line = {"wrun", "cache"};
  if (!options.cache_dir.empty()) line.insert(line.end(), {"--cache-dir", options.cache_dir});
  line.insert(line.end(), {"--opt-level", std::to_string(options.compiler.opt_level)});
  for (const auto& [name, enabled] : options.features)
    line.insert(line.end(), {enabled ? "--enable" : "--disable", name});
  if (options.timeout || options.threads) line.insert(line.end(), {"--for", "timeout"});
  if (options.fuel) line.insert(line.end(), {"--for", "fuel"});
  if (options.deterministic_seed) line.insert(line.end(), {"--for", "deterministic"});
  line.insert(line.end(), {"--", "add"});
  line.insert(line.end(), files.begin(), files.end());
  return line;
}

}  // namespace

void fill_cache(const Options& options, std::span<const std::string> files) {
  std::vector<std::string> line = command_line(options, files);
  std::vector<char*> arguments;
  arguments.reserve(line.size() + 1);
  for (std::string& argument : line) arguments.push_back(argument.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd <= 2; ++fd)
    ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  const sched_param no_priority = {};
  sigset_t no_signals;
  sigemptyset(&no_signals);
  ::posix_spawnattr_setschedpolicy(&attributes, SCHED_IDLE);
  ::posix_spawnattr_setschedparam(&attributes, &no_priority);
  ::posix_spawnattr_setsigmask(&attributes, &no_signals);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSCHEDULER | POSIX_SPAWN_SETSIGMASK);
  pid_t child;
  // The next run tries again.
  static_cast<void>(
      ::posix_spawn(&child, "/proc/self/exe", &actions, &attributes, arguments.data(), environ));
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
}

}  // namespace wrun::cli
