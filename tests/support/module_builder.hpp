// Builds binary modules for tests, without a text parser in between.
//
//   ModuleBuilder builder;
//   const uint32_t log = builder.import_function("env", "log", {{kI32}, {}});
//   const uint32_t memory = builder.memory({.limits = {.minimum = 1}});
//   const uint32_t add = builder.function({{kI32, kI32}, {kI32}},
//                                         Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::I32Add));
//   builder.export_function("add", add);
//   builder.data(memory, Code().i32(16), "hello");
//   std::vector<std::byte> bytes = builder.build();
//
// Everything returns its index in the index space it belongs to. Imports come before definitions of
// the same kind (checked). Nothing else is checked: invalid modules can be built, too.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "wasm/module.hpp"
#include "wasm/opcodes.hpp"
#include "wasm/types.hpp"

namespace wrun::test {

// Bytes in the making.
class Encoder {
 public:
  Encoder& byte(uint64_t value) {
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  Encoder& u(uint64_t value) {  // unsigned LEB128
    while (value >= 0x80) {
      byte(0x80 | (value & 0x7f));
      value >>= 7;
    }
    return byte(value);
  }
  Encoder& s(int64_t value) {  // signed LEB128
    while (value < -64 || value >= 64) {
      byte(0x80 | (value & 0x7f));
      value >>= 7;
    }
    return byte(value & 0x7f);
  }
  Encoder& fixed(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) byte(value >> (8 * i) & 0xff);
    return *this;
  }
  Encoder& raw(const std::vector<std::byte>& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Encoder& text(std::string_view text) {
    u(text.size());
    for (char c : text) byte(static_cast<unsigned char>(c));
    return *this;
  }
  Encoder& heap_type(wasm::HeapType type) {
    return type.is_concrete() ? s(type.index()) : byte(static_cast<uint8_t>(type.abstract()));
  }
  Encoder& val_type(wasm::ValType type) {
    if (!type.is_ref()) return byte(static_cast<uint8_t>(type.kind()));
    if (type.nullable() && !type.heap().is_concrete()) return heap_type(type.heap());
    return byte(type.nullable() ? 0x63 : 0x64).heap_type(type.heap());
  }

  const std::vector<std::byte>& bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  std::vector<std::byte> bytes_;
};

// Instructions. Immediates follow the opcode in the order of the binary format, each an unsigned
// number; a memory argument is (log2 of the alignment, offset), a block type its one byte. Constants
// have methods of their own. The final `end` is added by ModuleBuilder.
class Code {
 public:
  Code& operator()(wasm::Op op) {
    const wasm::OpInfo& info = wasm::info(op);
    if (info.prefix == 0) {
      encoder_.byte(info.code);
    } else {
      encoder_.byte(info.prefix).u(info.code);
    }
    return *this;
  }
  template <class... Immediates>
  Code& operator()(wasm::Op op, Immediates... immediates) {
    (*this)(op);
    (encoder_.u(static_cast<uint64_t>(immediates)), ...);
    return *this;
  }
  Code& i32(int32_t value) { return (*this)(wasm::Op::I32Const).signed_leb(value); }
  Code& i64(int64_t value) { return (*this)(wasm::Op::I64Const).signed_leb(value); }
  Code& f32(float value) {
    return (*this)(wasm::Op::F32Const).fixed(std::bit_cast<uint32_t>(value), 4);
  }
  Code& f64(double value) {
    return (*this)(wasm::Op::F64Const).fixed(std::bit_cast<uint64_t>(value), 8);
  }
  Code& v128(uint64_t low, uint64_t high) {
    return (*this)(wasm::Op::V128Const).fixed(low, 8).fixed(high, 8);
  }
  Code& ref_null(wasm::HeapType type) {
    (*this)(wasm::Op::RefNull);
    encoder_.heap_type(type);
    return *this;
  }
  Code& block(wasm::Op op, wasm::ValType result) {
    (*this)(op);
    encoder_.val_type(result);
    return *this;
  }
  Code& byte(uint64_t value) {
    encoder_.byte(value);
    return *this;
  }

  const std::vector<std::byte>& bytes() const { return encoder_.bytes(); }

 private:
  Code& signed_leb(int64_t value) {
    encoder_.s(value);
    return *this;
  }
  Code& fixed(uint64_t value, int count) {
    encoder_.fixed(value, count);
    return *this;
  }

  Encoder encoder_;
};

inline constexpr uint32_t kEmptyBlock = 0x40;

struct Signature {
  std::vector<wasm::ValType> params;
  std::vector<wasm::ValType> results;
};

class ModuleBuilder {
 public:
  // --- types ---
  uint32_t type(const Signature& signature) {
    Encoder encoder;
    encoder.byte(0x60);
    val_types(encoder, signature.params);
    val_types(encoder, signature.results);
    for (const auto& [known, index] : signatures_)
      if (known == encoder.bytes()) return index;
    signatures_.emplace_back(encoder.bytes(), type_count_);
    return raw_type(encoder);
  }
  // An entry of the type section as it stands. A recursive group counts as `size` types.
  uint32_t raw_type(Encoder encoded, uint32_t size = 1) {
    types_.push_back(std::move(encoded));
    return std::exchange(type_count_, type_count_ + size);
  }

  // --- imports ---
  uint32_t import_function(std::string_view module, std::string_view name,
                           const Signature& signature) {
    return import_function_of_type(module, name, type(signature));
  }
  uint32_t import_function_of_type(std::string_view module, std::string_view name, uint32_t type) {
    import(module, name, wasm::ExternKind::Func).u(type);
    return imported(functions_);
  }
  uint32_t import_table(std::string_view module, std::string_view name,
                        const wasm::TableType& type) {
    table_type(import(module, name, wasm::ExternKind::Table), type);
    return imported(tables_);
  }
  uint32_t import_memory(std::string_view module, std::string_view name,
                         const wasm::MemoryType& type) {
    memory_type(import(module, name, wasm::ExternKind::Memory), type);
    return imported(memories_);
  }
  uint32_t import_global(std::string_view module, std::string_view name,
                         const wasm::GlobalType& type) {
    global_type(import(module, name, wasm::ExternKind::Global), type);
    return imported(globals_);
  }
  uint32_t import_tag(std::string_view module, std::string_view name, const Signature& signature) {
    import(module, name, wasm::ExternKind::Tag).byte(0).u(type(signature));
    return imported(tags_);
  }

  // --- definitions ---
  uint32_t function(const Signature& signature, const Code& code,
                    const std::vector<wasm::ValType>& locals = {}) {
    return function_of_type(type(signature), code, locals);
  }
  uint32_t function_of_type(uint32_t type, const Code& code,
                            const std::vector<wasm::ValType>& locals = {}) {
    Encoder body;
    body.u(locals.size());
    for (wasm::ValType local : locals) body.u(1).val_type(local);
    body.raw(code.bytes()).byte(0x0b);
    bodies_.push_back(std::move(body));
    return defined(functions_, Encoder().u(type));
  }
  uint32_t table(const wasm::TableType& type, const std::optional<Code>& init = {}) {
    Encoder encoder;
    if (init) encoder.byte(0x40).byte(0);
    table_type(encoder, type);
    if (init) expression(encoder, *init);
    return defined(tables_, std::move(encoder));
  }
  uint32_t memory(const wasm::MemoryType& type) {
    Encoder encoder;
    memory_type(encoder, type);
    return defined(memories_, std::move(encoder));
  }
  uint32_t global(const wasm::GlobalType& type, const Code& init) {
    Encoder encoder;
    global_type(encoder, type);
    expression(encoder, init);
    return defined(globals_, std::move(encoder));
  }
  uint32_t tag(const Signature& signature) {
    return defined(tags_, Encoder().byte(0).u(type(signature)));
  }
  void start(uint32_t function) { start_ = function; }

  // --- exports ---
  void export_function(std::string_view name, uint32_t index) { add_export(name, 0, index); }
  void export_table(std::string_view name, uint32_t index) { add_export(name, 1, index); }
  void export_memory(std::string_view name, uint32_t index) { add_export(name, 2, index); }
  void export_global(std::string_view name, uint32_t index) { add_export(name, 3, index); }
  void export_tag(std::string_view name, uint32_t index) { add_export(name, 4, index); }

  // --- segments ---
  uint32_t elements(uint32_t table, const Code& offset, const std::vector<uint32_t>& functions) {
    Encoder encoder;
    encoder.u(2).u(table);
    expression(encoder, offset);
    return function_elements(std::move(encoder), functions);
  }
  uint32_t passive_elements(const std::vector<uint32_t>& functions) {
    return function_elements(Encoder().u(1), functions);
  }
  uint32_t declarative_elements(const std::vector<uint32_t>& functions) {
    return function_elements(Encoder().u(3), functions);
  }
  uint32_t element_expressions(uint32_t table, const Code& offset, wasm::ValType type,
                               const std::vector<Code>& expressions) {
    Encoder encoder;
    encoder.u(6).u(table);
    expression(encoder, offset);
    return expression_elements(std::move(encoder), type, expressions);
  }
  uint32_t passive_element_expressions(wasm::ValType type, const std::vector<Code>& expressions) {
    return expression_elements(Encoder().u(5), type, expressions);
  }
  uint32_t data(uint32_t memory, const Code& offset, std::string_view bytes) {
    Encoder encoder;
    encoder.u(2).u(memory);
    expression(encoder, offset);
    encoder.text(bytes);
    return added(data_, std::move(encoder));
  }
  uint32_t passive_data(std::string_view bytes) { return added(data_, Encoder().u(1).text(bytes)); }

  // --- names (spec 7.4.1) and other custom sections, which go to the end ---
  void name_module(std::string_view name) { module_name_ = name; }
  void name_function(uint32_t index, std::string_view name) {  // in increasing order of indices
    function_names_.push_back(std::move(Encoder().u(index).text(name)));
  }
  void custom(std::string_view name, const std::vector<std::byte>& contents) {
    customs_.push_back(std::move(Encoder().text(name).raw(contents)));
  }

  std::vector<std::byte> build() const {
    Encoder module;
    module.fixed(0x6d736100, 4).fixed(1, 4);
    list_section(module, 1, types_);
    list_section(module, 2, imports_);
    list_section(module, 3, functions_.definitions);
    list_section(module, 4, tables_.definitions);
    list_section(module, 5, memories_.definitions);
    list_section(module, 13, tags_.definitions);
    list_section(module, 6, globals_.definitions);
    list_section(module, 7, exports_);
    if (start_) section(module, 8, Encoder().u(*start_));
    list_section(module, 9, elements_);
    if (!data_.empty()) section(module, 12, Encoder().u(data_.size()));
    code_section(module);
    list_section(module, 11, data_);
    name_section(module);
    for (const Encoder& custom : customs_) section(module, 0, custom);
    return module.bytes();
  }

 private:
  struct IndexSpace {
    uint32_t imports = 0;
    std::vector<Encoder> definitions;
  };

  static uint32_t imported(IndexSpace& space) {
    WRUN_CHECK(space.definitions.empty());
    return space.imports++;
  }
  static uint32_t defined(IndexSpace& space, Encoder encoder) {
    return space.imports + added(space.definitions, std::move(encoder));
  }
  static uint32_t added(std::vector<Encoder>& list, Encoder encoder) {
    list.push_back(std::move(encoder));
    return static_cast<uint32_t>(list.size() - 1);
  }

  Encoder& import(std::string_view module, std::string_view name, wasm::ExternKind kind) {
    Encoder& encoder = imports_.emplace_back();
    return encoder.text(module).text(name).byte(static_cast<uint8_t>(kind));
  }
  void add_export(std::string_view name, uint8_t kind, uint32_t index) {
    exports_.push_back(std::move(Encoder().text(name).byte(kind).u(index)));
  }
  uint32_t function_elements(Encoder encoder, const std::vector<uint32_t>& functions) {
    encoder.byte(0).u(functions.size());
    for (uint32_t function : functions) encoder.u(function);
    return added(elements_, std::move(encoder));
  }
  uint32_t expression_elements(Encoder encoder, wasm::ValType type,
                               const std::vector<Code>& expressions) {
    encoder.val_type(type).u(expressions.size());
    for (const Code& code : expressions) expression(encoder, code);
    return added(elements_, std::move(encoder));
  }

  static void val_types(Encoder& encoder, const std::vector<wasm::ValType>& types) {
    encoder.u(types.size());
    for (wasm::ValType type : types) encoder.val_type(type);
  }
  static void limits(Encoder& encoder, const wasm::Limits& limits, uint8_t flags) {
    encoder.byte(flags | (limits.maximum ? 1 : 0) | (limits.is_64 ? 4 : 0)).u(limits.minimum);
    if (limits.maximum) encoder.u(*limits.maximum);
  }
  static void table_type(Encoder& encoder, const wasm::TableType& type) {
    encoder.val_type(type.element);
    limits(encoder, type.limits, 0);
  }
  static void memory_type(Encoder& encoder, const wasm::MemoryType& type) {
    const bool custom_page_size = type.page_size_log2 != 16;
    limits(encoder, type.limits,
           static_cast<uint8_t>((type.is_shared ? 2 : 0) | (custom_page_size ? 8 : 0)));
    if (custom_page_size) encoder.u(type.page_size_log2);
  }
  static void global_type(Encoder& encoder, const wasm::GlobalType& type) {
    encoder.val_type(type.content).byte(type.is_mutable ? 1 : 0);
  }
  static void expression(Encoder& encoder, const Code& code) {
    encoder.raw(code.bytes()).byte(0x0b);
  }

  static void section(Encoder& module, uint8_t id, const Encoder& contents) {
    module.byte(id).u(contents.bytes().size()).raw(contents.bytes());
  }
  static void list_section(Encoder& module, uint8_t id, const std::vector<Encoder>& entries) {
    if (entries.empty()) return;
    section(module, id, list(entries));
  }
  static Encoder list(const std::vector<Encoder>& entries) {
    Encoder contents;
    contents.u(entries.size());
    for (const Encoder& entry : entries) contents.raw(entry.bytes());
    return contents;
  }
  void code_section(Encoder& module) const {
    std::vector<Encoder> entries;
    for (const Encoder& body : bodies_)
      entries.push_back(std::move(Encoder().u(body.bytes().size()).raw(body.bytes())));
    list_section(module, 10, entries);
  }
  void name_section(Encoder& module) const {
    if (module_name_.empty() && function_names_.empty()) return;
    Encoder contents;
    contents.text("name");
    if (!module_name_.empty()) section(contents, 0, Encoder().text(module_name_));
    if (!function_names_.empty()) section(contents, 1, list(function_names_));
    section(module, 0, contents);
  }

  std::vector<Encoder> types_, imports_, bodies_, exports_, elements_, data_, customs_;
  std::vector<Encoder> function_names_;
  std::vector<std::pair<std::vector<std::byte>, uint32_t>> signatures_;  // and their type indices
  std::string module_name_;
  IndexSpace functions_, tables_, memories_, globals_, tags_;
  uint32_t type_count_ = 0;
  std::optional<uint32_t> start_;
};

}  // namespace wrun::test
