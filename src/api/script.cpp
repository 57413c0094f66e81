#include "wrun/script.hpp"

#include "api/state.hpp"
#include "script/runner.hpp"

namespace wrun {
namespace {

ScriptReport to_public(script::Report internal) {
  ScriptReport report;
  for (size_t i = 0; i < script::kCommandKinds; ++i) {
    const script::Report::Count& count = internal.counts[i];
    if (count.passed + count.failed != 0)
      report.counts.push_back({script::kCommandNames[i], count.passed, count.failed});
  }
  for (script::Event& event : internal.events)
    report.events.push_back({.command = script::kCommandNames[static_cast<size_t>(event.kind)],
                             .line = event.position.line,
                             .column = event.position.column,
                             .failed = event.verdict.status == script::Verdict::Status::Failed,
                             .expected = std::move(event.verdict.expected),
                             .got = std::move(event.verdict.got)});
  return report;
}

}  // namespace

uint64_t ScriptReport::passed() const {
  uint64_t sum = 0;
  for (const ScriptCount& count : counts) sum += count.passed;
  return sum;
}

uint64_t ScriptReport::failed() const {
  uint64_t sum = 0;
  for (const ScriptCount& count : counts) sum += count.failed;
  return sum;
}

Result<ScriptReport> run_script(const Engine& engine, std::string_view source,
                                std::string_view file, const ScriptOptions& options) {
  const auto parsed = text::parse_script(source);
  if (!parsed) return fail(Error::Kind::Malformed, text::render(parsed.error(), source, file));
  script::Report report;
  script::Runner(Access::engine(engine), {.compiled = options.compiled}).run(*parsed, report);
  return to_public(std::move(report));
}

}  // namespace wrun
