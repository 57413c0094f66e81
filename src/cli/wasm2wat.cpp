// `wrun wasm2wat`: modules as text.
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"

namespace wrun::cli {

int wasm2wat(const Options& options) {
  // Printing a module asks for nothing but that it can be read.
  const auto engine = Engine::create({.standard = "all", .features = options.features});
  if (!engine) {
    report_error(engine.error().message);
    return kBadUsage;
  }
  const auto module = load_or_report(*engine, options.arguments[0]);
  if (!module) return kFailure;
  OutputFile file(options.output.value_or("-"));
  module->print({.folded = options.fold, .names = options.names},
                [&](std::string_view text) { return file.write(text); });
  return file.commit() ? kSuccess : kFailure;
}

}  // namespace wrun::cli
