// `wrun strip`: modules without their custom sections.
#include "cli/commands.hpp"
#include "cli/messages.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"

namespace wrun::cli {

int strip(const Options& options) {
  const std::string& file = options.arguments[0];
  const auto contents = read_file(file);
  if (!contents) {
    report_error(describe_load_error(file, contents.error()));
    return kFailure;
  }
  const auto stripped = wrun::strip(contents->bytes, options.strip);
  if (!stripped) {
    report_error(describe_load_error(file, stripped.error(), contents->bytes));
    return kFailure;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(stripped->data()), stripped->size());
  return write_file(options.output.value_or("-"), bytes) ? kSuccess : kFailure;
}

}  // namespace wrun::cli
