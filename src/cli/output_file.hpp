// A file that a command writes: there is all of it in the end, or what was there before.
#pragma once

#include <string>
#include <string_view>

namespace wrun::cli {

class OutputFile {
 public:
  // "-" is the standard output, which takes what it is given at once.
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // False after an error, which commit() reports.
  bool write(std::string_view bytes);
  // Puts the file in its place. On failure reports the error and removes what was written.
  [[nodiscard]] bool commit();

 private:
  std::string path_;
  std::string temporary_;  // beside it; empty: written in place
  int fd_ = -1;
  int error_ = 0;  // errno
};

// The whole contents at once.
[[nodiscard]] bool write_file(const std::string& path, std::string_view bytes);

}  // namespace wrun::cli
