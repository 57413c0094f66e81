// `wrun objdump`: what the compiler makes of a module.
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "wrun/listing.hpp"

namespace wrun::cli {

int objdump(const Options& options) {
  const auto engine = Engine::create({.standard = "all", .features = options.features});
  if (!engine) {
    report_error(engine.error().message);
    return kBadUsage;
  }
  const auto module = load_or_report(*engine, options.arguments[0]);
  if (!module) return kFailure;
  OutputFile file(options.output);
  const auto done = list_code(
      *module,
      {.opt_level = options.compiler.opt_level, .function = options.function, .ir = options.ir},
      [&](std::string_view text) { return file.write(text); });
  if (!done) {
    report_error(done.error().message);
    return done.error().kind == Error::Kind::Usage ? kBadUsage : kFailure;
  }
  return file.commit() ? kSuccess : kFailure;
}

}  // namespace wrun::cli
