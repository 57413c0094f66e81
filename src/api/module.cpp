#include "wrun/module.hpp"

#include <algorithm>

#include "api/convert.hpp"
#include "api/state.hpp"
#include "base/mapped_file.hpp"
#include "binary/decoder.hpp"
#include "binary/names.hpp"
#include "binary/strip.hpp"
#include "text/printer.hpp"
#include "wasm/limits.hpp"
#include "wrun/text.hpp"

namespace wrun {
namespace {

// Spec 5.5.2, by section id.
constexpr const char* kSectionNames[] = {"custom", "type",   "import",     "function", "table",
                                         "memory", "global", "export",     "start",    "element",
                                         "code",   "data",   "data count", "tag"};

std::string section_name(uint8_t id) {
  return id < std::size(kSectionNames) ? kSectionNames[id] : std::to_string(id);
}

// `bytes` in memory of their own.
std::pair<std::span<const std::byte>, std::shared_ptr<const void>> copy(
    std::span<const std::byte> bytes) {
  auto owned = std::make_shared_for_overwrite<std::byte[]>(bytes.size());
  std::ranges::copy(bytes, owned.get());
  return {
      {owned.get(), bytes.size()},
      owned
  };
}

bool is_debug_section(std::string_view name) {
  return name.starts_with(".debug_") || name == "sourceMappingURL" || name == "external_debug_info";
}

}  // namespace

std::string_view to_string(ExternKind kind) {
  constexpr std::string_view kNames[] = {"func", "table", "memory", "global", "tag"};
  return kNames[static_cast<size_t>(kind)];
}

Result<Module> Module::from_text(const Engine& engine, std::string_view source) {
  const auto at = [](TextPosition position) {
    return "line " + std::to_string(position.line) + ", column " + std::to_string(position.column) +
           ": ";
  };
  const auto text = TextModule::parse(source);
  if (!text) {
    const auto& [message, position] = text.error();
    return fail(Error::Kind::Malformed, at(position) + message);
  }
  auto module = from_bytes(engine, text->binary(), text->owner());
  if (!module && module.error().offset) {
    if (const auto position = text->find_position(*module.error().offset))
      module.error().message.insert(0, at(*position));
  }
  return module;
}

Result<Module> Module::from_bytes(const Engine& engine, std::span<const std::byte> bytes,
                                  std::shared_ptr<const void> owner) {
  if (is_text(bytes))
    return from_text(engine, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (owner == nullptr) std::tie(bytes, owner) = copy(bytes);
  auto module = WRUN_TRY(Access::engine(engine).load(bytes, std::move(owner)));
  return Module(std::make_shared<const detail::ModuleState>(engine, std::move(module)));
}

Result<FileContents> read_file(const std::string& path) {
  auto file = WRUN_TRY(MappedFile::open(path, wasm::kMaxModuleBytes, cache::is_artifact));
  const std::span<const std::byte> bytes = file->bytes();
  return FileContents{bytes, std::move(file)};
}

Result<Module> Module::from_file(const Engine& engine, const std::string& path) {
  FileContents file = WRUN_TRY(read_file(path));
  return from_bytes(engine, file.bytes, std::move(file.owner));
}

const wasm::Module& detail::ModuleState::whole() const {
  if (module->source == nullptr) return *module;
  std::call_once(making_whole_, [this] {
    auto decoded = Access::engine(engine).load(module->source->bytes(), module->source);
    whole_ = decoded ? *std::move(decoded) : module;
  });
  return *whole_;
}

std::string Module::name() const {
  return std::string(binary::NameSection(*state_->module).module_name().value_or(""));
}

uint64_t Module::size() const {
  const wasm::Module& module = *state_->module;
  return module.source == nullptr ? module.bytes.size() : module.source->size();
}

std::vector<ImportType> Module::imports() const {
  const wasm::Module& module = *state_->module;
  std::vector<ImportType> imports;
  imports.reserve(module.imports.size());
  for (const wasm::Import& import : module.imports)
    imports.push_back({std::string(import.module), std::string(import.name),
                       extern_type(module, import.kind, import.index)});
  return imports;
}

std::vector<ExportType> Module::exports() const {
  const wasm::Module& module = *state_->module;
  std::vector<ExportType> exports;
  exports.reserve(module.exports.size());
  for (const wasm::Export& entry : module.exports)
    exports.push_back({std::string(entry.name), extern_type(module, entry.kind, entry.index)});
  return exports;
}

std::optional<ExternType> Module::find_export(std::string_view name) const {
  const wasm::Export* entry = state_->module->find_export(name);
  if (entry == nullptr) return std::nullopt;
  return extern_type(*state_->module, entry->kind, entry->index);
}

std::vector<SectionInfo> Module::sections() const {
  const wasm::Module& module = state_->whole();
  std::vector<SectionInfo> sections;
  sections.reserve(module.sections.size() + module.custom_sections.size());
  for (const wasm::SectionExtent& extent : module.sections)
    sections.push_back({section_name(extent.id), "", extent.offset, extent.size});
  for (const wasm::CustomSection& custom : module.custom_sections)
    sections.push_back({section_name(0), std::string(custom.name),
                        static_cast<uint64_t>(custom.contents.data() - module.bytes.data()),
                        custom.contents.size()});
  std::ranges::sort(sections, {}, &SectionInfo::offset);
  return sections;
}

std::optional<std::span<const std::byte>> Module::custom_section(std::string_view name) const {
  for (const wasm::CustomSection& custom : state_->whole().custom_sections)
    if (custom.name == name) return custom.contents;
  return std::nullopt;
}

ModuleCounts Module::counts() const {
  const wasm::Module& module = state_->whole();
  return {.types = module.types.size(),
          .functions = module.functions.size(),
          .tables = module.tables.size(),
          .memories = module.memories.size(),
          .globals = module.globals.size(),
          .tags = module.tags.size(),
          .element_segments = module.elements.size(),
          .data_segments = module.data.size()};
}

bool Module::print(const TextOptions& options,
                   const std::function<bool(std::string_view)>& sink) const {
  return text::print_module(state_->whole(), {.folded = options.folded, .names = options.names},
                            sink);
}

Result<std::vector<std::byte>> strip(std::span<const std::byte> bytes, CustomSections which) {
  return binary::without_custom_sections(bytes, [which](std::string_view name) {
    switch (which) {
      case CustomSections::All:   return true;
      case CustomSections::Debug: return is_debug_section(name);
      case CustomSections::Names: return name == "name";
    }
    return false;
  });
}

std::vector<std::string> Module::required_features() const {
  const wasm::Module& module = state_->whole();
  std::vector<std::string> required;
  for (const wasm::FeatureInfo& info : wasm::kFeatures) {
    if (info.feature == wasm::Feature::Mvp || !module.features.has(info.feature)) continue;
    wasm::FeatureSet without = module.features;
    without.disable(info.feature);
    wasm::TypeRegistry types;
    if (!binary::decode_module(module.bytes, module.bytes_owner,
                               {.types = types, .features = without}))
      required.emplace_back(info.name);
  }
  return required;
}

}  // namespace wrun
