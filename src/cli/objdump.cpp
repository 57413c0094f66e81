// `wrun objdump`: what the compiler makes of a module.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/messages.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "wrun/listing.hpp"

namespace wrun::cli {

namespace {

// The functions in a file of compiled code are compiled again: the same engine gives the same code.
void warn_of_differences(const std::string& file, const CompiledInfo& compiled,
                         const Options& options) {
  std::string how;
  if (!compiled.same_engine)
    how = "by another version of the engine";
  else if (compiled.opt_level != options.compiler.opt_level)
    how = fmt::format("with --opt-level {}", compiled.opt_level);
  else if (!compiled.settings.empty() && compiled.settings != "guarded memory")
    how = fmt::format("with {}", compiled.settings);
  else if (compiled.with_profile && options.profile_use.empty())
    how = "with a profile";
  if (!how.empty())
    report_warning(
        fmt::format("`{}` was compiled {}; what follows differs from its code", file, how));
}

}  // namespace

int objdump(const Options& options) {
  const auto engine = Engine::create(
      {.standard = "all", .features = options.features, .compiler = options.compiler});
  if (!engine) {
    report_error(engine.error().message);
    return kBadUsage;
  }
  const std::string& input = options.arguments[0];
  const auto contents = read_or_report(input);
  if (!contents) return kFailure;
  std::optional<FileContents> profile;
  if (!read_profile_or_report(options, profile)) return kFailure;
  const auto program = load_program_or_report(*engine, input, *contents);
  if (!program) return kFailure;
  if (is_compiled(contents->bytes))
    if (const auto compiled = describe_compiled(*contents))
      warn_of_differences(input, *compiled, options);
  OutputFile file(options.output.value_or("-"));
  const auto done = list_code(program->module,
                              {.function = options.function,
                               .ir = options.ir,
                               .processor = options.target,
                               .profile = bytes_of(profile)},
                              [&](std::string_view text) { return file.write(text); });
  if (!done) {
    report_error(done.error().message);
    return done.error().kind == Error::Kind::Usage ? kBadUsage : kFailure;
  }
  return file.commit() ? kSuccess : kFailure;
}

}  // namespace wrun::cli
