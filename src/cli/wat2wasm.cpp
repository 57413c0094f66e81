// `wrun wat2wasm`: modules from text to binary.
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/messages.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"

namespace wrun::cli {

int wat2wasm(const Options& options) {
  const std::string& file = options.arguments[0];
  if (options.output.value_or("-") == "-" && ::isatty(STDOUT_FILENO)) {
    report_error("the binary is not for a terminal; -o FILE writes it to a file");
    return kBadUsage;
  }
  const auto contents = read_file(file);
  if (!contents) {
    report_error(describe_load_error(file, contents.error()));
    return kFailure;
  }
  const std::string_view source(reinterpret_cast<const char*>(contents->bytes.data()),
                                contents->bytes.size());
  const auto module = TextModule::parse(source);
  if (!module) {
    report_error(render(module.error(), source, file));
    return kFailure;
  }
  const std::span<const std::byte> binary = module->binary();
  const std::string_view bytes(reinterpret_cast<const char*>(binary.data()), binary.size());
  return write_file(options.output.value_or("-"), bytes) ? kSuccess : kFailure;
}

}  // namespace wrun::cli
