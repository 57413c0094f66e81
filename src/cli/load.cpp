#include "cli/load.hpp"

#include "cli/messages.hpp"
#include "cli/output.hpp"

namespace wrun::cli {

std::optional<Module> load_or_report(const Engine& engine, const std::string& file, Stats* stats) {
  Stats unused;
  if (stats == nullptr) stats = &unused;
  const auto contents = [&] {
    const Stopwatch watch(stats->read);
    return read_file(file);
  }();
  if (!contents) {
    report_error(describe_load_error(file, contents.error()));
    return std::nullopt;
  }
  stats->module_bytes += contents->bytes.size();

  const Stopwatch watch(stats->compile);
  auto module = Module::from_bytes(engine, contents->bytes, contents->owner);
  if (module) return std::move(*module);
  report_error(describe_load_error(file, module.error(), contents->bytes));
  return std::nullopt;
}

}  // namespace wrun::cli
