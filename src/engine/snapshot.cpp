#include "engine/snapshot.hpp"

#include <algorithm>
#include <cstring>

#include "binary/instruction_reader.hpp"
#include "binary/sections.hpp"
#include "binary/type_reader.hpp"
#include "engine/constant_encoder.hpp"
#include "gc/reference.hpp"
#include "wasm/limits.hpp"

namespace wrun::engine {
namespace {

namespace encoding = binary::encoding;
using binary::SectionId;
using runtime::RefSlot;
using wasm::SegmentMode;

// Flags of segments (spec 5.5.12 and 5.5.14).
constexpr uint8_t kPassive = 1, kNamesIndex = 2, kExpressions = 4;
constexpr uint8_t kDeclarative = 3;
constexpr uint8_t kFunctionKind = 0;

std::unexpected<Error> unsupported(const std::string& what) {
  return fail(Error::Kind::Unsupported, "the state cannot be kept: " + what);
}

// Runs of bytes that are not zero, with few zeros between them.
struct Run {
  uint64_t begin;
  uint64_t end;
};

class RunFinder {
 public:
  explicit RunFinder(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::vector<Run> find() {
    std::vector<Run> runs;
    for (uint64_t at = skip_zeros(0); at < bytes_.size(); at = skip_zeros(at)) {
      const uint64_t begin = at;
      while (at < bytes_.size() && bytes_[at] != std::byte{0}) ++at;
      if (!runs.empty() && begin - runs.back().end <= kMostZeros)
        runs.back().end = at;
      else
        runs.push_back({begin, at});
    }
    return runs;
  }

 private:
  static constexpr uint64_t kMostZeros = 8;  // as many as the frame of another segment takes

  uint64_t skip_zeros(uint64_t at) const {
    constexpr std::byte kZeros[64] = {};
    while (bytes_.size() - at >= sizeof(kZeros) &&
           std::memcmp(bytes_.data() + at, kZeros, sizeof(kZeros)) == 0)
      at += sizeof(kZeros);
    while (at < bytes_.size() && bytes_[at] == std::byte{0}) ++at;
    return at;
  }

  std::span<const std::byte> bytes_;
};

// Joins runs that lie next to each other until there are so many at most.
void join(std::vector<Run>& runs, size_t most) {
  for (uint64_t zeros = 16; runs.size() > most; zeros *= 2) {
    size_t kept = 0;
    for (size_t i = 1; i < runs.size(); ++i) {
      if (runs[i].begin - runs[kept].end <= zeros)
        runs[kept].end = runs[i].end;
      else
        runs[++kept] = runs[i];
    }
    runs.resize(kept + 1);
  }
}

class Snapshot {
 public:
  Snapshot(const wasm::Module& module, runtime::Instance& instance, const SnapshotOptions& options)
      : module_(module),
        instance_(instance),
        options_(options),
        constants_(module, instance),
        cursor_(module.bytes, 0, module.bytes.size()) {}

  Result<std::vector<std::byte>> take() {
    WRUN_CHECK_OK(check());
    look_at_code();
    out_.write(module_.bytes.first(binary::kModuleHeaderBytes));
    Result<void> done;
    WRUN_CHECK_OK(binary::for_each_section(module_.bytes, [&](const binary::RawSection& section) {
      if (done) done = write_section(section);
    }));
    WRUN_CHECK_OK(done);
    WRUN_CHECK_OK(write_segments_before(kLast));
    if (out_.size() > wasm::kMaxModuleBytes) return unsupported("it is too large for a module");
    return out_.take();
  }

 private:
  static constexpr uint8_t kLast = UINT8_MAX;

  // --- what there is

  Result<void> check() const {
    for (const wasm::Import& import : module_.imports) {
      const bool is_state = import.kind == wasm::ExternKind::Memory ||
                            import.kind == wasm::ExternKind::Table ||
                            (import.kind == wasm::ExternKind::Global &&
                             module_.globals[import.index].type.is_mutable);
      if (is_state)
        return unsupported("the import `" + std::string(import.name) + "` from `" +
                           std::string(import.module) + "` belongs to others");
    }
    for (const wasm::MemoryType& memory : module_.memories)
      if (memory.is_shared) return unsupported("the memory is shared by threads");
    const auto is_function = [&](const std::string& name) {
      const wasm::Export* found = module_.find_export(name);
      return found != nullptr && found->kind == wasm::ExternKind::Func;
    };
    for (const SnapshotOptions::Renaming& renaming : options_.renamings)
      if (!is_function(renaming.from))
        return fail(Error::Kind::Usage,
                    "the module exports no function `" + renaming.from + "` to rename");
    return {};
  }

  void look_at_code() {
    for (const wasm::SectionExtent& section : module_.sections) {
      names_data_ |= section.id == static_cast<uint8_t>(SectionId::DataCount);
      has_data_section_ |= section.id == static_cast<uint8_t>(SectionId::Data);
    }
    for (uint32_t i = module_.imported_functions; i < module_.functions.size(); ++i) {
      const wasm::Function& function = module_.functions[i];
      binary::InstructionReader<true> reader(module_.bytes.data(), function.body_offset,
                                             function.body_offset + function.body_size);
      reader.read_locals([](uint32_t, wasm::ValType) { return true; });
      for (binary::Instruction insn; reader.next(insn);) {
        switch (insn.op) {
          case wasm::Op::RefFunc:
          case wasm::Op::TableInit:
          case wasm::Op::ElemDrop:
          case wasm::Op::ArrayNewElem:
          case wasm::Op::ArrayInitElem: names_elements_ = true; return;
          default:                      break;
        }
      }
    }
  }

  // --- sections, in the order of the spec

  static uint8_t rank(const binary::RawSection& section) {
    switch (static_cast<SectionId>(section.id)) {
      case SectionId::DataCount: return 2 * static_cast<uint8_t>(SectionId::Element) + 1;
      case SectionId::Tag:       return 2 * static_cast<uint8_t>(SectionId::Memory) + 1;
      default:                   return static_cast<uint8_t>(2 * section.id);
    }
  }

  Result<void> write_section(const binary::RawSection& section) {
    if (section.is(SectionId::Custom)) {
      out_.write(section.whole);
      return {};
    }
    WRUN_CHECK_OK(write_segments_before(rank(section)));
    const auto begin = static_cast<uint32_t>(section.contents.data() - module_.bytes.data());
    cursor_ = Cursor(module_.bytes, begin, begin + section.contents.size());
    ByteWriter contents;
    switch (static_cast<SectionId>(section.id)) {
      case SectionId::Table:     WRUN_CHECK_OK(write_tables(contents)); break;
      case SectionId::Memory:    WRUN_CHECK_OK(write_memories(contents)); break;
      case SectionId::Global:    WRUN_CHECK_OK(write_globals(contents)); break;
      case SectionId::Export:    write_exports(contents); break;
      case SectionId::Start:     return {};
      case SectionId::Element:   WRUN_CHECK_OK(keep_elements()); return {};
      case SectionId::DataCount: WRUN_CHECK_OK(write_data_count(contents)); break;
      case SectionId::Data:      return write_segments_before(kLast);
      // Some readers want the name section to be the last one.
      case SectionId::Code:
        out_.write(section.whole);
        return has_data_section_ ? Result<void>() : write_segments_before(kLast);
      default: out_.write(section.whole); return {};
    }
    write_section(static_cast<SectionId>(section.id), contents);
    return {};
  }

  void write_section(SectionId id, const ByteWriter& contents) {
    out_.write_u8(static_cast<uint8_t>(id));
    out_.write_vector(contents.bytes());
  }

  // The module may lack sections of segments.
  Result<void> write_segments_before(uint8_t rank) {
    if (!wrote_elements_ && rank > 2 * static_cast<uint8_t>(SectionId::Element)) {
      wrote_elements_ = true;
      WRUN_CHECK_OK(write_elements());
    }
    if (!wrote_data_ && rank > 2 * static_cast<uint8_t>(SectionId::Data)) {
      wrote_data_ = true;
      WRUN_CHECK_OK(find_runs());
      write_data();
    }
    return {};
  }

  uint32_t read_u32() {
    uint32_t value = 0;
    WRUN_CHECK(cursor_.read_u32(value));
    return value;
  }
  uint8_t read_u8() {
    uint8_t value = 0;
    WRUN_CHECK(cursor_.read_u8(value));
    return value;
  }
  uint64_t read_u64() {
    uint64_t value = 0;
    WRUN_CHECK(cursor_.read_u64(value));
    return value;
  }
  std::span<const std::byte> since(uint32_t begin) const {
    return module_.bytes.subspan(begin, cursor_.position() - begin);
  }
  std::span<const std::byte> read_type() {
    const uint32_t begin = cursor_.position();
    wasm::ValType type;
    WRUN_CHECK(binary::read_val_type(cursor_, wasm::FeatureSet::all(), type));
    return since(begin);
  }
  std::span<const std::byte> read_expression() {
    const uint32_t begin = cursor_.position();
    binary::InstructionReader<true> reader(module_.bytes.data(), begin, cursor_.end_position());
    for (binary::Instruction insn; reader.next(insn) && insn.op != wasm::Op::End;) continue;
    cursor_ = Cursor(module_.bytes, reader.position(), cursor_.end_position());
    return since(begin);
  }
  // With another minimum.
  void copy_limits(ByteWriter& out, uint64_t minimum) {
    const uint8_t flags = read_u8();
    out.write_u8(flags);
    static_cast<void>(read_u64());
    out.write_u64(minimum);
    if ((flags & encoding::kHasMaximum) != 0) out.write_u64(read_u64());
    if ((flags & encoding::kHasPageSize) != 0) out.write_u64(read_u64());
  }

  Result<void> write_tables(ByteWriter& out) {
    const uint32_t count = read_u32();
    out.write_u32(count);
    table_types_.resize(module_.imported_tables);
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t table = module_.imported_tables + i;
      const bool has_init = module_.tables[table].init.has_value();
      if (has_init) {
        out.write_u8(read_u8());
        out.write_u8(read_u8());
      }
      table_types_.push_back(read_type());
      out.write(table_types_.back());
      copy_limits(out, instance_.table(table).size());
      if (has_init) out.write(read_expression());
    }
    return {};
  }

  Result<void> write_memories(ByteWriter& out) {
    const uint32_t count = read_u32();
    out.write_u32(count);
    for (uint32_t i = 0; i < count; ++i)
      copy_limits(out, instance_.memory(module_.imported_memories + i).pages());
    return {};
  }

  // What never changes is computed again: it may depend on what is imported.
  Result<void> write_globals(ByteWriter& out) {
    const uint32_t count = read_u32();
    out.write_u32(count);
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t index = module_.imported_globals + i;
      const wasm::GlobalType type = module_.globals[index].type;
      const auto* global =
          std::get<runtime::Global*>(instance_.get(wasm::ExternKind::Global, index));
      const auto type_bytes = read_type();
      out.write(type_bytes);
      out.write_u8(read_u8());
      const auto init = read_expression();
      if (!type.is_mutable && !constants_.is_object(type.content, global->cell->slots[0])) {
        out.write(init);
        continue;
      }
      if (auto done = constants_.append(out, type.content, type_bytes, global->cell->slots); !done)
        return unsupported("global " + std::to_string(index) + " " + done.error().message);
    }
    return {};
  }

  void write_exports(ByteWriter& out) {
    ByteWriter entries;
    uint32_t count = 0;
    const auto is_function = [](const wasm::Export& entry) {
      return entry.kind == wasm::ExternKind::Func;
    };
    for (const wasm::Export& entry : module_.exports) {
      std::string_view name = entry.name;
      const auto renaming =
          std::ranges::find(options_.renamings, name, &SnapshotOptions::Renaming::from);
      const bool is_renamed = is_function(entry) && renaming != options_.renamings.end();
      if (is_renamed)
        name = renaming->to;
      else if (std::ranges::find(options_.renamings, name, &SnapshotOptions::Renaming::to) !=
                   options_.renamings.end() ||
               (is_function(entry) &&
                std::ranges::find(options_.without, name) != options_.without.end())) {
        if (is_function(entry)) no_longer_exported_.push_back(entry.index);
        continue;
      }
      entries.write_name(name);
      entries.write_u8(static_cast<uint8_t>(entry.kind));
      entries.write_u32(entry.index);
      ++count;
    }
    out.write_u32(count);
    out.write(entries.bytes());
  }

  // --- elements

  // Instructions may name segments and functions that were declared in segments: what is used up stays as
  // declarations.
  Result<void> keep_elements() {
    const uint32_t count = read_u32();
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t flags = read_u32();
      const bool active = (flags & kPassive) == 0, expressions = (flags & kExpressions) != 0;
      if (active && (flags & kNamesIndex) != 0) static_cast<void>(read_u32());
      if (active) static_cast<void>(read_expression());
      const uint32_t begin = cursor_.position();
      const bool has_type = (flags & 3) != 0;
      if (has_type && expressions)
        static_cast<void>(read_type());
      else if (has_type)
        static_cast<void>(read_u8());
      for (uint32_t left = read_u32(); left != 0; --left)
        expressions ? static_cast<void>(read_expression()) : static_cast<void>(read_u32());
      if (!names_elements_) continue;

      const std::span<const RefSlot> elements = instance_.elements(i);
      for (const RefSlot element : elements)
        if (constants_.is_object(module_.elements[i].type, element))
          return unsupported("element segment " + std::to_string(i) +
                             " holds an object of the collected heap");
      const uint32_t mode = elements.empty() ? kDeclarative : kPassive;
      elements_.write_u32(mode | (expressions ? kExpressions : 0u));
      if (!has_type) elements_.write_u8(expressions ? kFuncRefByte : kFunctionKind);
      elements_.write(since(begin));
      ++element_count_;
    }
    return {};
  }

  Result<void> write_elements() {
    if (names_elements_ && !no_longer_exported_.empty()) {
      elements_.write_u8(kDeclarative);
      elements_.write_u8(kFunctionKind);
      elements_.write_u32(static_cast<uint32_t>(no_longer_exported_.size()));
      for (const uint32_t function : no_longer_exported_) elements_.write_u32(function);
      ++element_count_;
    }
    for (uint32_t i = module_.imported_tables; i < module_.tables.size(); ++i)
      WRUN_CHECK_OK(write_table(i));
    if (element_count_ == 0) return {};
    if (element_count_ > wasm::kMaxElementSegments)
      return unsupported("the tables have too many gaps");
    ByteWriter section;
    section.write_u32(element_count_);
    section.write(elements_.bytes());
    write_section(SectionId::Element, section);
    return {};
  }

  Result<void> write_table(uint32_t table) {
    const runtime::TableView& view = *instance_.table(table).view();
    const bool has_init = module_.tables[table].init.has_value();
    // Null is what tables begin with if nothing else is said.
    const auto is_written = [&](uint64_t at) { return has_init || view.elements[at] != gc::kNull; };
    for (uint64_t at = 0; at < view.size;) {
      if (!is_written(at)) {
        ++at;
        continue;
      }
      const uint64_t begin = at;
      while (at < view.size && is_written(at)) ++at;
      WRUN_CHECK_OK(write_run(table, begin, {view.elements + begin, at - begin}));
    }
    return {};
  }

  Result<void> write_run(uint32_t table, uint64_t begin, std::span<const RefSlot> elements) {
    const wasm::TableType& type = module_.tables[table].type;
    const auto unsupported_element = [&](uint64_t i, const std::string& why) {
      return unsupported("element " + std::to_string(begin + i) + " of table " +
                         std::to_string(table) + " " + why);
    };
    const bool plain =
        type.element == wasm::kFuncRef && std::ranges::find(elements, gc::kNull) == elements.end();
    const bool names_table = table != 0 || !plain;
    elements_.write_u8(
        static_cast<uint8_t>((names_table ? kNamesIndex : 0) | (plain ? 0 : kExpressions)));
    if (names_table) elements_.write_u32(table);
    append_address(elements_, begin, type.limits.is_64);
    if (!plain)
      elements_.write(table_types_[table]);
    else if (names_table)
      elements_.write_u8(kFunctionKind);
    elements_.write_u64(elements.size());
    for (uint64_t i = 0; i < elements.size(); ++i) {
      if (plain) {
        const auto index = constants_.function_index(elements[i]);
        if (!index) return unsupported_element(i, "is a function of another module");
        elements_.write_u32(*index);
      } else if (auto done =
                     constants_.append(elements_, type.element, table_types_[table], &elements[i]);
                 !done) {
        return unsupported_element(i, done.error().message);
      }
    }
    ++element_count_;
    return {};
  }

  // --- data

  Result<void> find_runs() {
    if (found_runs_) return {};
    found_runs_ = true;
    const size_t kept = names_data_ ? module_.data.size() : 0;
    size_t left = wasm::kMaxDataSegments - std::min<size_t>(kept, wasm::kMaxDataSegments);
    runs_.resize(module_.memories.size());
    for (uint32_t i = module_.imported_memories; i < module_.memories.size(); ++i) {
      runtime::Memory& memory = instance_.memory(i);
      runs_[i] = RunFinder({memory.base(), memory.size()}).find();
      const size_t share = left / (module_.memories.size() - i);
      if (share == 0 && !runs_[i].empty()) return unsupported("there are too many data segments");
      join(runs_[i], share);
      left -= runs_[i].size();
      run_count_ += runs_[i].size();
    }
    return {};
  }

  Result<void> write_data_count(ByteWriter& out) {
    WRUN_CHECK_OK(find_runs());
    out.write_u64(module_.data.size() + run_count_);
    return {};
  }

  // Instructions may name segments: those that are used up are empty from now on.
  void write_data() {
    const size_t kept = names_data_ ? module_.data.size() : 0;
    if (kept + run_count_ == 0) return;
    ByteWriter section;
    section.write_u64(kept + run_count_);
    for (uint32_t i = 0; i < kept; ++i) {
      const bool is_passive = module_.data[i].mode == SegmentMode::Passive;
      section.write_u8(kPassive);
      section.write_vector(is_passive ? instance_.data(i) : std::span<const std::byte>());
    }
    for (uint32_t i = module_.imported_memories; i < module_.memories.size(); ++i) {
      for (const Run& run : runs_[i]) {
        section.write_u8(i == 0 ? 0 : kNamesIndex);
        if (i != 0) section.write_u32(i);
        append_address(section, run.begin, module_.memories[i].limits.is_64);
        section.write_vector({instance_.memory(i).base() + run.begin, run.end - run.begin});
      }
    }
    write_section(SectionId::Data, section);
  }

  static constexpr uint8_t kFuncRefByte = 0x70;

  const wasm::Module& module_;
  runtime::Instance& instance_;
  const SnapshotOptions& options_;
  const ConstantEncoder constants_;
  Cursor cursor_;  // in the section that is being written
  ByteWriter out_;

  bool names_elements_ =
      false;  // instructions may name element segments, or functions that they declare
  bool names_data_ = false;
  bool has_data_section_ = false;
  std::vector<std::span<const std::byte>> table_types_;  // as the module writes them
  std::vector<uint32_t> no_longer_exported_;             // functions

  ByteWriter elements_;
  uint32_t element_count_ = 0;
  bool wrote_elements_ = false;

  bool found_runs_ = false;
  std::vector<std::vector<Run>> runs_;  // by memory
  size_t run_count_ = 0;
  bool wrote_data_ = false;
};

}  // namespace

Result<std::vector<std::byte>> take_snapshot(const wasm::Module& module,
                                             runtime::Instance& instance,
                                             const SnapshotOptions& options) {
  return Snapshot(module, instance, options).take();
}

}  // namespace wrun::engine
