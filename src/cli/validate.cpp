#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/output.hpp"

namespace wrun::cli {

// Silent for valid modules, as compilers are.
int validate(const Options& options) {
  const auto engine = Engine::create({.features = options.features});
  if (!engine) {
    report_error(engine.error().message);
    return kBadUsage;
  }
  int status = kSuccess;
  for (const std::string& file : options.arguments) {
    if (!load_or_report(*engine, file)) status = kFailure;
  }
  return status;
}

}  // namespace wrun::cli
