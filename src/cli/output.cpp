#include "cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace wrun::cli {
namespace {

void report(std::string_view kind, std::string_view message) {
  print_error(fmt::format("{}: {}\n", kind, message));
}

}  // namespace

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count > 0)
      text.remove_prefix(static_cast<size_t>(count));
    else if (count == 0 || errno != EINTR)
      return count == 0 ? EIO : errno;
  }
  return 0;
}

bool print(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error != 0) report_error(fmt::format("cannot write the output: {}", std::strerror(error)));
  return error == 0;
}

void print_error(std::string_view text) { static_cast<void>(write_all(STDERR_FILENO, text)); }

void report_error(std::string_view message) { report("error", message); }
void report_warning(std::string_view message) { report("warning", message); }
void report_hint(std::string_view message) { report("hint", message); }
void report_note(std::string_view message) { report("note", message); }

}  // namespace wrun::cli
