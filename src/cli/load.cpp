#include "cli/load.hpp"

#include <fmt/format.h>

#include "cli/messages.hpp"
#include "cli/output.hpp"

namespace wrun::cli {

namespace {

// Errors name line and column, those of validation as well.
std::optional<Module> load_text_or_report(const Engine& engine, const std::string& file,
                                          std::span<const std::byte> contents) {
  const std::string_view source(reinterpret_cast<const char*>(contents.data()), contents.size());
  const auto text = TextModule::parse(source);
  if (!text) {
    report_error(render(text.error(), source, file));
    return std::nullopt;
  }
  auto module = Module::from_bytes(engine, text->binary(), text->owner());
  if (module) return std::move(*module);
  const Error& error = module.error();
  const auto position = error.offset ? text->find_position(*error.offset) : std::nullopt;
  report_error(position ? render({error.message, *position}, source, file)
                        : describe_load_error(file, error));
  return std::nullopt;
}

}  // namespace

std::optional<Engine> engine_for_kept_code(const Options& options) {
  auto engine = Engine::create({.tier = Tier::Optimizing,
                                .features = options.features,
                                .interruptible = options.code_for.interruptible,
                                .fuel = options.code_for.fuel,
                                .canonical_nans = options.code_for.deterministic,
                                .compiler = options.compiler});
  if (engine) return std::move(*engine);
  report_error(engine.error().message);
  return std::nullopt;
}

std::optional<FileContents> read_or_report(const std::string& file) {
  auto contents = read_file(file);
  if (contents) return std::move(*contents);
  report_error(describe_load_error(file, contents.error()));
  return std::nullopt;
}

bool read_profile_or_report(const Options& options, std::optional<FileContents>& profile) {
  if (!options.profile_use.empty()) profile = read_or_report(options.profile_use);
  return options.profile_use.empty() || profile;
}

std::optional<Module> load_or_report(const Engine& engine, const std::string& file,
                                     const FileContents& contents) {
  if (is_text(contents.bytes)) return load_text_or_report(engine, file, contents.bytes);
  auto module = Module::from_bytes(engine, contents.bytes, contents.owner);
  if (module) return std::move(*module);
  report_error(describe_load_error(file, module.error(), contents.bytes));
  return std::nullopt;
}

std::optional<LoadedModule> load_program_or_report(const Engine& engine, const std::string& file,
                                                   const FileContents& contents,
                                                   const Cache* cache) {
  if (!is_compiled(contents.bytes)) {
    auto module = load_or_report(engine, file, contents);
    if (!module) return std::nullopt;
    return LoadedModule{std::move(*module), {}};
  }
  auto loaded = load_compiled(engine, contents, cache);
  if (loaded) return std::move(*loaded);
  report_error(describe_load_error(file, loaded.error()));
  return std::nullopt;
}

std::optional<Module> load_or_report(const Engine& engine, const std::string& file) {
  const auto contents = read_or_report(file);
  return contents ? load_or_report(engine, file, *contents) : std::nullopt;
}

}  // namespace wrun::cli
