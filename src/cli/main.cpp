#include <csignal>

#include "cli/commands.hpp"

int main(int argc, char** argv) {
  // Writing to a closed pipe is an error that guests and our own output see, not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  return wrun::cli::run_command_line(
      {argv + (argc > 0 ? 1 : 0), static_cast<size_t>(argc > 0 ? argc - 1 : 0)});
}
