// `wrun objdump`: what the compiler makes of a module.
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/messages.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "wrun/listing.hpp"

namespace wrun::cli {

namespace {

// The functions in a file of compiled code are compiled again: the same engine gives the same code.
std::optional<Module> load_for_listing(const Engine& engine, const std::string& file) {
  const auto contents = read_or_report(file);
  if (!contents) return std::nullopt;
  if (!is_compiled(contents->bytes)) return load_or_report(engine, file, *contents);
  auto loaded = load_compiled(engine, file);
  if (!loaded) {
    report_error(describe_load_error(file, loaded.error()));
    return std::nullopt;
  }
  return std::move(loaded->module);
}

}  // namespace

int objdump(const Options& options) {
  const auto engine = Engine::create({.standard = "all", .features = options.features});
  if (!engine) {
    report_error(engine.error().message);
    return kBadUsage;
  }
  const auto module = load_for_listing(*engine, options.arguments[0]);
  if (!module) return kFailure;
  OutputFile file(options.output.value_or("-"));
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
