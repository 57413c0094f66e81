#include <csignal>

#include "cli/commands.hpp"

int main(int argc, char** argv) {
  // A closed pipe and a file that grew too large are errors that guests and our own output see, not signals.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return wrun::cli::run_command_line(
      {argv + (argc > 0 ? 1 : 0), static_cast<size_t>(argc > 0 ? argc - 1 : 0)});
}
