// The command's own output, straight to the descriptors: no buffers, no streams.
#pragma once

#include <string_view>

namespace wrun::cli {

// Exit statuses of the command itself; a guest's own is passed through.
inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;  // cannot be loaded, validated, linked or written
inline constexpr int kBadUsage = 2;
inline constexpr int kTrapped = 134;  // as a process that abort() ended looks to a shell

// On failure (disk full, reader gone) reports it on stderr; the command then ends with kFailure.
[[nodiscard]] bool print(std::string_view text);
// To a descriptor. 0, or the errno that stopped it.
int write_all(int fd, std::string_view text);
// To stderr; nothing can be done about its failure.
void print_error(std::string_view text);

// "error: …", "warning: …", "hint: …" and "note: …" on stderr. A final newline is added.
void report_error(std::string_view message);
void report_warning(std::string_view message);
void report_hint(std::string_view message);
void report_note(std::string_view message);

}  // namespace wrun::cli
