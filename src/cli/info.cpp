// `wrun info`: what a module contains, for people and as JSON.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/load.hpp"
#include "cli/messages.hpp"
#include "cli/output.hpp"

namespace wrun::cli {
namespace {

struct Count {
  std::string_view name;
  uint64_t ModuleCounts::* member;
};
constexpr Count kCounts[] = {
    {           "types",            &ModuleCounts::types},
    {       "functions",        &ModuleCounts::functions},
    {          "tables",           &ModuleCounts::tables},
    {        "memories",         &ModuleCounts::memories},
    {         "globals",          &ModuleCounts::globals},
    {            "tags",             &ModuleCounts::tags},
    {"element segments", &ModuleCounts::element_segments},
    {   "data segments",    &ModuleCounts::data_segments},
};

// What a module is for, by its exports.
std::string_view kind_of(const Module& module) {
  const auto exports_function = [&](std::string_view name) {
    const auto type = module.find_export(name);
    return type && type->kind == ExternKind::Func;
  };
  if (exports_function("_start")) return "command";
  if (exports_function("_initialize")) return "reactor";
  return "library";
}

void add_sections(std::string& text, std::string_view title,
                  std::span<const SectionInfo> sections) {
  text += fmt::format("\n{}:\n", title);
  for (const SectionInfo& section : sections) {
    const std::string name =
        section.custom.empty() ? section.name
                               : fmt::format("{} \"{}\"", section.name, printable(section.custom));
    text += fmt::format("  {:<28} {:>12} bytes at {:#x}\n", name, section.size, section.offset);
  }
}

void add_sections(JsonWriter& json, std::string_view title, std::span<const SectionInfo> sections) {
  json.key(title);
  json.begin_array();
  for (const SectionInfo& section : sections) {
    json.begin_object();
    json.member("name", section.name);
    if (section.name == "custom") json.member("custom", section.custom);
    json.member("offset", section.offset);
    json.member("size", section.size);
    json.end_object();
  }
  json.end_array();
}

std::string text_info(const std::string& file, const Module& module) {
  std::string text =
      fmt::format("{}: WebAssembly module, {} bytes, a {}\n", file, module.size(), kind_of(module));
  if (!module.name().empty()) text += fmt::format("name: {}\n", printable(module.name()));

  const auto features = module.required_features();
  text += fmt::format("proposals it needs: {}\n",
                      features.empty() ? "none" : fmt::format("{}", fmt::join(features, ", ")));

  add_sections(text, "sections", module.sections());

  text += "\ncounts:\n";
  const ModuleCounts counts = module.counts();
  for (const auto& [name, member] : kCounts)
    if (counts.*member != 0) text += fmt::format("  {:<28} {:>12}\n", name, counts.*member);

  const auto imports = module.imports();
  text += fmt::format("\nimports: {}\n", imports.size());
  for (const ImportType& import : imports)
    text += fmt::format("  {}.{}: {}\n", printable(import.module), printable(import.name),
                        import.type.text);

  const auto exports = module.exports();
  text += fmt::format("\nexports: {}\n", exports.size());
  for (const ExportType& entry : exports)
    text += fmt::format("  {}: {}\n", printable(entry.name), entry.type.text);
  return text;
}

std::string json_key(std::string_view name) {
  std::string key(name);
  for (char& c : key)
    if (c == ' ') c = '_';
  return key;
}

void add_type(JsonWriter& json, const ExternType& type) {
  json.member("kind", to_string(type.kind));
  json.member("type", type.text);
}

std::string json_info(const std::string& file, const Module& module) {
  JsonWriter json;
  json.begin_object();
  json.member("file", file);
  json.member("size", module.size());
  json.member("kind", kind_of(module));
  json.member("name", module.name());

  json.key("proposals");
  json.begin_array();
  for (const std::string& feature : module.required_features()) json.value(feature);
  json.end_array();

  add_sections(json, "sections", module.sections());

  json.key("counts");
  json.begin_object();
  const ModuleCounts counts = module.counts();
  for (const auto& [name, member] : kCounts) json.member(json_key(name), counts.*member);
  json.end_object();

  json.key("imports");
  json.begin_array();
  for (const ImportType& import : module.imports()) {
    json.begin_object();
    json.member("module", import.module);
    json.member("name", import.name);
    add_type(json, import.type);
    json.end_object();
  }
  json.end_array();

  json.key("exports");
  json.begin_array();
  for (const ExportType& entry : module.exports()) {
    json.begin_object();
    json.member("name", entry.name);
    add_type(json, entry.type);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take();
}

std::string text_compiled(const std::string& file, const CompiledInfo& compiled) {
  std::string text =
      fmt::format("{}: compiled code, format version {}\n", file, compiled.format_version);
  text += fmt::format("engine: {}\nprocessor: {}\n", compiled.engine, compiled.processor);
  text += fmt::format("settings: opt-level {}{}{}{}\n", compiled.opt_level,
                      compiled.with_profile ? ", profile" : "",
                      compiled.settings.empty() ? "" : ", ", compiled.settings);
  text += fmt::format("functions: {}\nhash: {}\n", compiled.functions, compiled.content_hash);
  text += fmt::format("module: {} bytes, {}, hash {}\n", compiled.wasm_bytes,
                      compiled.has_wasm ? "embedded" : "not embedded", compiled.wasm_hash);
  add_sections(text, "parts", compiled.sections);
  return text;
}

std::string json_compiled(const std::string& file, const CompiledInfo& compiled) {
  JsonWriter json;
  json.begin_object();
  json.member("file", file);
  json.member("format_version", uint64_t{compiled.format_version});
  json.member("engine", compiled.engine);
  json.member("processor", compiled.processor);
  json.member("opt_level", uint64_t{static_cast<uint32_t>(compiled.opt_level)});
  json.member("with_profile", compiled.with_profile);
  json.member("settings", compiled.settings);
  json.member("functions", compiled.functions);
  json.member("hash", compiled.content_hash);
  json.member("wasm_hash", compiled.wasm_hash);
  json.member("wasm_bytes", compiled.wasm_bytes);
  json.member("wasm_embedded", compiled.has_wasm);
  add_sections(json, "parts", compiled.sections);
  json.end_object();
  return json.take();
}

int info_of_compiled(const std::string& file, const FileContents& contents, bool as_json) {
  const auto compiled = describe_compiled(contents);
  if (!compiled) {
    report_error(describe_load_error(file, compiled.error()));
    return kFailure;
  }
  return print(as_json ? json_compiled(file, *compiled) : text_compiled(file, *compiled))
             ? kSuccess
             : kFailure;
}

}  // namespace

int info(const Options& options) {
  const std::string& file = options.arguments[0];
  const auto engine = Engine::create({.features = options.features});
  if (!engine) {
    report_error(engine.error().message);
    return kBadUsage;
  }
  const auto contents = read_or_report(file);
  if (!contents) return kFailure;
  if (is_compiled(contents->bytes)) return info_of_compiled(file, *contents, options.json);
  const auto module = load_or_report(*engine, file, *contents);
  if (!module) return kFailure;
  return print(options.json ? json_info(file, *module) : text_info(file, *module)) ? kSuccess
                                                                                   : kFailure;
}

}  // namespace wrun::cli
