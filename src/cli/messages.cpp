#include "cli/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/similar.hpp"

namespace wrun::cli {
namespace {

constexpr size_t kMaxListed = 40;

// What imports of a module say about how the guest was built, by the start of the module's name.
struct ImportAdvice {
  std::string_view module_prefix;
  std::string_view advice;
};
constexpr ImportAdvice kImportAdvice[] = {
    {"wasi_snapshot_preview1",
     "is not a function of WASI preview 1; --preload NAME=FILE can provide it"                               },
    {         "wasi_unstable",   "is not a function of this WASI version; --preload NAME=FILE can provide it"},
    {       "wasi_ephemeral_",                              "is an extension of WASI that wrun does not have"},
    {                 "wasi:", "belongs to WASI 0.2 and components; build for WASI preview 1 (wasm32-wasip1)"},
    {                  "wasi",                  "is for threads as wasi-threads has them; run with --threads"},
    {                  "gojs",                  "is for JavaScript hosts; build with GOOS=wasip1 GOARCH=wasm"},
    {                    "go",                  "is for JavaScript hosts; build with GOOS=wasip1 GOARCH=wasm"},
    {                   "wbg",             "is wasm-bindgen's, for JavaScript hosts; build for wasm32-wasip1"},
    {           "__wbindgen_",             "is wasm-bindgen's, for JavaScript hosts; build for wasm32-wasip1"},
};

bool is_word(std::string_view prefix) { return !prefix.ends_with('_') && !prefix.ends_with(':'); }

std::string advice_for(std::string_view module) {
  for (const auto& [prefix, advice] : kImportAdvice)
    if (module == prefix || (!is_word(prefix) && module.starts_with(prefix)))
      return fmt::format("what it imports from `{}` {}", printable(module), advice);
  const std::string name = printable(module);
  return fmt::format("use --preload {}=FILE to take `{}` from another module", name, name);
}

std::string place_of(const Error& error) {
  std::string place;
  if (error.offset) place = fmt::format("at byte offset {} ({:#x})", *error.offset, *error.offset);
  if (error.function)
    place += fmt::format("{}in function {}", place.empty() ? "" : ", ", *error.function);
  return place;
}

// For files that are WebAssembly, but not a module in binary form.
std::string_view advice_for_format(std::span<const std::byte> bytes) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (file.size() >= 8 && file.starts_with(std::string_view("\0asm", 4)) && file[6] == 1)
    return "\nhint: components are not supported yet; build for WASI preview 1 (wasm32-wasip1), or "
           "take the module out of it with `wasm-tools component unbundle`";
  return "";
}

std::string frame_text(size_t number, const Frame& frame) {
  const std::string function = frame.function.empty()
                                   ? fmt::format("<wasm function {}>", frame.function_index)
                                   : printable(demangle(frame.function));
  return fmt::format("\n  {:>4}: {:#8x} - {}!{}", number, frame.offset,
                     frame.module.empty() ? "<unknown>" : printable(frame.module), function);
}

}  // namespace

std::string describe_load_error(std::string_view file, const Error& error,
                                std::span<const std::byte> bytes) {
  if (error.kind == Error::Kind::Io) return error.message;  // names the file
  std::string text = fmt::format("cannot load `{}`: {}", file, error.message);
  if (const std::string place = place_of(error); !place.empty())
    text += fmt::format("\n  {}", place);
  return text.append(advice_for_format(bytes));
}

std::string describe_missing_imports(std::string_view file, std::span<const ImportType> missing) {
  std::string text = fmt::format(
      "cannot link `{}`: {} not provided", file,
      missing.size() == 1 ? "an import is" : fmt::format("{} imports are", missing.size()));
  std::vector<std::string_view> modules;
  for (size_t i = 0; i < missing.size(); ++i) {
    const ImportType& import = missing[i];
    if (i < kMaxListed)
      text += fmt::format("\n  `{}` from `{}`: {}", printable(import.name),
                          printable(import.module), import.type.text);
    // Memories that threads share come with the right to start them.
    const bool for_threads = import.type.memory && import.type.memory->is_shared;
    const std::string_view module = for_threads ? std::string_view("wasi") : import.module;
    if (std::ranges::find(modules, module) == modules.end() && modules.size() < kMaxListed)
      modules.push_back(module);
  }
  if (missing.size() > kMaxListed)
    text += fmt::format("\n  and {} more", missing.size() - kMaxListed);
  for (const std::string_view module : modules) text += "\nhint: " + advice_for(module);
  return text;
}

std::string describe_missing_export(std::string_view file, std::string_view name,
                                    const Module& module) {
  if (const auto other = module.find_export(name))
    return fmt::format("`{}` exports `{}` as a {}, not as a function", file, name,
                       to_string(other->kind));
  std::vector<std::string> functions;
  for (const ExportType& entry : module.exports())
    if (entry.type.kind == ExternKind::Func) functions.push_back(printable(entry.name));
  std::string text = fmt::format("`{}` exports no function `{}`", file, name);
  if (functions.empty()) return text + ", nor any other";
  const auto similar = similar_words(name, functions, 5);
  if (!similar.empty())
    return text + fmt::format("; did you mean `{}`?", fmt::join(similar, "`, `"));
  const size_t listed = std::min(functions.size(), kMaxListed);
  text += fmt::format("; it exports `{}`", fmt::join(std::span(functions).first(listed), "`, `"));
  if (listed < functions.size()) text += fmt::format(" and {} more", functions.size() - listed);
  return text;
}

std::string describe_trap(const Trap& trap) {
  std::string text = fmt::format("the guest trapped: {}", trap.message);
  for (size_t i = 0; i < trap.frames.size(); ++i) text += frame_text(i, trap.frames[i]);
  if (trap.omitted_frames != 0)
    text += fmt::format("\n        and {} more frames", trap.omitted_frames);
  return text;
}

bool is_granted(std::string_view path, std::span<const WasiConfig::Directory> granted) {
  // As wasi-libc has it: relative paths are in `.`, or, since that is where programs start, in `/`.
  const auto normal = [](std::string_view text) {
    auto result = (std::filesystem::path("/") / text).lexically_normal().string();
    return result.ends_with('/') ? result : result + '/';
  };
  return std::ranges::any_of(granted, [&](const WasiConfig::Directory& directory) {
    return normal(path).starts_with(normal(directory.guest));
  });
}

std::string describe_refused_path(const RefusedPath& refused,
                                  std::span<const WasiConfig::Directory> granted) {
  using std::filesystem::path;
  const auto base = std::ranges::find(granted, refused.directory, &WasiConfig::Directory::guest);
  const std::string host = base == granted.end() ? "" : base->host;
  if (refused.reason == RefusedPath::Reason::ReadOnly)
    return fmt::format(
        "the guest may only read, but not change `{}`; --dir {}::{} without ::ro lets it",
        refused.path, host.empty() ? "HOST" : host,
        refused.directory.empty() ? "GUEST" : refused.directory);
  if (host.empty() && !refused.path.starts_with('/'))
    return fmt::format(
        "the guest was refused `{}`, which leads out of the directories it was "
        "granted; --dir HOST::GUEST grants more",
        refused.path);
  const std::string parent = (path(host) / refused.path).lexically_normal().parent_path().string();
  return fmt::format(
      "the guest was refused `{}`, outside of what it was granted; --dir {} grants it",
      refused.path, parent.empty() ? "." : parent);
}

}  // namespace wrun::cli
