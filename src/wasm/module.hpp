// A decoded and validated module: immutable, shared by threads, borrowing the bytes it was decoded
// from (spec 2.5). Bodies, data and names are spans into them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "wasm/canonical_type.hpp"
#include "wasm/features.hpp"
#include "wasm/types.hpp"

namespace wrun::cache {
struct CodeImage;
}

namespace wrun::wasm {

enum class ExternKind : uint8_t { Func = 0, Table = 1, Memory = 2, Global = 3, Tag = 4 };

// A constant expression (spec 3.4.14) stays as its validated bytes. The common forms are recognised
// while decoding, so that most are never interpreted.
struct ConstExpr {
  enum class Form : uint8_t { General, I32, I64, F32, F64, RefNull, RefFunc, GlobalGet };
  uint64_t value = 0;   // the constant, function index, global index or bits of the heap type
  uint32_t offset = 0;  // in the module's bytes, where it goes on to its `end`
  Form form = Form::General;
};

// How an import was written, for printing it: on its own, or among others of the same module with its
// own type or the type of all (compact imports).
enum class ImportForm : uint8_t { Single, OwnType, SharedType };

struct Import {
  std::string_view module;
  std::string_view name;
  ImportForm form = ImportForm::Single;
  bool begins_group = true;
  ExternKind kind = ExternKind::Func;
  // Index into the index space of `kind`; the type is found there.
  uint32_t index = 0;
};

struct Export {
  std::string_view name;
  ExternKind kind = ExternKind::Func;
  uint32_t index = 0;
};

struct Function {
  TypeIndex type = 0;
  bool is_exact = true;      // false: an import, whose type may be below `type`
  uint32_t body_offset = 0;  // of the locals vector; 0 for imports
  uint32_t body_size = 0;    // bytes up to and including the final `end`
};

struct Table {
  TableType type;
  std::optional<ConstExpr> init;  // empty: null
};

struct Global {
  GlobalType type;
  ConstExpr init;  // meaningless for imports
};

enum class SegmentMode : uint8_t { Active, Passive, Declarative };

struct ElementSegment {
  SegmentMode mode = SegmentMode::Passive;
  uint32_t table = 0;
  ConstExpr table_offset;
  ValType type = kFuncRef;
  // How it was written, for printing it.
  bool is_encoded_as_expressions = false;
  bool names_its_table = false;
  // One of the two is used: plain function indices, or general expressions.
  std::vector<uint32_t> functions;
  std::vector<ConstExpr> expressions;
  size_t size() const { return functions.empty() ? expressions.size() : functions.size(); }
};

// Small, since compilers make tens of thousands of them.
struct DataSegment {
  ConstExpr memory_offset;
  uint32_t offset = 0;  // of the contents in the module's bytes
  uint32_t size = 0;
  uint32_t memory = 0;
  SegmentMode mode = SegmentMode::Passive;
};

struct CustomSection {
  std::string_view name;
  uint32_t offset = 0;  // of the section's id byte
  std::span<const std::byte> contents;
};

// The extent of a known section, for `wrun info`.
struct SectionExtent {
  uint8_t id = 0;
  uint32_t offset = 0;  // of the contents
  uint32_t size = 0;
};

// Where the parts of a module are that it does not have at hand, since they are seldom needed: its code and its custom
// sections. Thread-safe.
class ModuleSource {
 public:
  struct Body {
    uint32_t offset = 0;  // in bytes()
    uint32_t size = 0;
  };
  virtual ~ModuleSource() = default;
  virtual std::span<const Body> bodies() const = 0;  // of the functions that the module defines
  virtual std::span<const std::byte> bytes()
      const = 0;                                     // of the whole module; empty: they are nowhere
  virtual uint64_t size() const = 0;                 // of bytes()
  virtual const cache::CodeImage* code() const = 0;  // what is compiled of it
};

// Types that were defined as one recursive group, even if there is only one of them.
struct RecGroup {
  TypeIndex first = 0;
  uint32_t count = 0;
};

struct Module {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> bytes_owner;  // keeps `bytes` alive; may be null for static data
  // Null: `bytes` is all there is. Else `bytes` lacks the code and the custom sections.
  std::shared_ptr<const ModuleSource> source;
  FeatureSet features;

  std::vector<SubType> types;
  std::vector<RecGroup> rec_groups;  // explicit ones, ascending
  // For each type its identity across modules: equal ids mean equal types (spec 3.2.8), as given
  // out by the engine's TypeRegistry.
  std::vector<uint32_t> canonical_types;
  std::vector<const CanonicalType*> runtime_types;  // what running code knows of them

  std::vector<Import> imports;
  // Index spaces: imports come first, then definitions.
  std::vector<Function> functions;
  std::vector<Table> tables;
  std::vector<MemoryType> memories;
  std::vector<Global> globals;
  std::vector<TagType> tags;
  uint32_t imported_functions = 0;
  uint32_t imported_tables = 0;
  uint32_t imported_memories = 0;
  uint32_t imported_globals = 0;
  uint32_t imported_tags = 0;

  std::vector<Export> exports;
  std::optional<uint32_t> start;
  std::vector<ElementSegment> elements;
  std::vector<DataSegment> data;
  std::vector<CustomSection> custom_sections;
  std::vector<SectionExtent> sections;

  // What offsets of bodies and of instructions in them count in.
  std::span<const std::byte> code_bytes() const {
    return source == nullptr ? bytes : source->bytes();
  }
  const FuncType& func_type(uint32_t function) const {
    return types[functions[function].type].func;
  }
  // What ref.func gives.
  ValType type_of_reference(uint32_t function) const {
    const Function& named = functions[function];
    const bool exact = named.is_exact && features.has(Feature::CustomDescriptors);
    return ValType::ref(HeapType::concrete(named.type, exact), false);
  }
  std::span<const std::byte> contents(const DataSegment& segment) const {
    return bytes.subspan(segment.offset, segment.size);
  }
  bool is_imported(uint32_t function) const { return function < imported_functions; }
  const Export* find_export(std::string_view name) const;
};

}  // namespace wrun::wasm
