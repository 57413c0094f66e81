// Module: decoded and validated code, ready to be instantiated (spec 2.5, 3.5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wrun/engine.hpp"
#include "wrun/error.hpp"
#include "wrun/value.hpp"

namespace wrun {

namespace detail {
struct ModuleState;
}

enum class ExternKind : uint8_t { Func, Table, Memory, Global, Tag };

std::string_view to_string(ExternKind kind);  // "func", "table", …

struct MemoryType {
  uint64_t minimum = 0;                  // pages
  std::optional<uint64_t> maximum = {};  // pages
  bool is_64 = false;                    // indices are i64
  bool is_shared = false;                // between threads; needs a maximum
  uint64_t page_size = 65'536;           // or 1
};

struct ExternType {
  ExternKind kind = ExternKind::Func;
  std::string text;                  // "func [i32] -> []", "memory 1 2"
  std::optional<FuncType> func;      // ExternKind::Func
  std::optional<MemoryType> memory;  // ExternKind::Memory
};

struct ImportType {
  std::string module;
  std::string name;
  ExternType type;
};

struct ExportType {
  std::string name;
  ExternType type;
};

struct SectionInfo {
  std::string name;    // "type", "import", … or "custom"
  std::string custom;  // the name of a custom section
  // Of the contents, which for a custom section start after its name; in bytes.
  uint64_t offset = 0;
  uint64_t size = 0;
};

// How many of each thing a module has; functions to tags include imports.
struct ModuleCounts {
  uint64_t types = 0;
  uint64_t functions = 0;
  uint64_t tables = 0;
  uint64_t memories = 0;
  uint64_t globals = 0;
  uint64_t tags = 0;
  uint64_t element_segments = 0;
  uint64_t data_segments = 0;
};

struct TextOptions {
  bool folded = false;  // instructions nested in those that take their results
  bool names = true;    // identifiers from the name section
};

// A handle to an immutable module, cheap to copy and shared freely between threads.
class Module {
 public:
  // Decodes and validates; what is text and not binary is translated first. The bytes are copied if `owner` is null, and otherwise borrowed:
  // `owner` is kept as long as the module lives and has to keep the bytes alive and unchanged.
  // Fails with Malformed, Invalid or Unsupported; the error says where.
  static Result<Module> from_bytes(const Engine& engine, std::span<const std::byte> bytes,
                                   std::shared_ptr<const void> owner = nullptr);
  // The same for text; offsets in errors are those of the binary it stands for, and their messages
  // begin with line and column.
  static Result<Module> from_text(const Engine& engine, std::string_view source);
  // The same for a file of either format; "-" is the standard input. Also fails with Io.
  static Result<Module> from_file(const Engine& engine, const std::string& path);

  // The name in the name section, or empty.
  std::string name() const;
  uint64_t size() const;  // bytes of the binary
  std::vector<ImportType> imports() const;
  std::vector<ExportType> exports() const;
  std::optional<ExternType> find_export(std::string_view name) const;
  // In file order.
  std::vector<SectionInfo> sections() const;
  std::optional<std::span<const std::byte>> custom_section(std::string_view name) const;
  ModuleCounts counts() const;
  // The module in the text format, in pieces of some size. False if `sink` ended it by returning
  // false.
  bool print(const TextOptions& options, const std::function<bool(std::string_view)>& sink) const;
  // The proposals that the module is not valid without. Found by validating it again with less
  // and less enabled: a matter of milliseconds for most, but not free.
  std::vector<std::string> required_features() const;

 private:
  friend struct Access;
  explicit Module(std::shared_ptr<const detail::ModuleState> state) : state_(std::move(state)) {}
  std::shared_ptr<const detail::ModuleState> state_;
};

enum class CustomSections : uint8_t {
  All,
  Debug,  // DWARF and references to debug information elsewhere
  Names,  // the name section
};

// The binary of a module without its custom sections, all or some. Fails with Malformed if the bytes
// are not made of sections; what is in those does not matter.
Result<std::vector<std::byte>> strip(std::span<const std::byte> bytes, CustomSections which);

class MappedFile;

// The contents of a file ("-": the standard input) as from_file() reads it, for who wants to look at
// the bytes first or to measure reading and compiling apart.
struct FileContents {
  std::span<const std::byte> bytes;
  std::shared_ptr<const MappedFile> owner;
};
Result<FileContents> read_file(const std::string& path);

}  // namespace wrun
