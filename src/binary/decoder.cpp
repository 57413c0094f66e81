#include "binary/decoder.hpp"

#include <algorithm>
#include <utility>

#include "base/utf8.hpp"
#include "binary/code_validation.hpp"
#include "binary/foreign_format.hpp"
#include "binary/module_decoder.hpp"
#include "wasm/limits.hpp"

namespace wrun::binary {

namespace {

constexpr uint8_t kLastSectionId = static_cast<uint8_t>(SectionId::Tag);
constexpr size_t kHeaderBytes = 8;
// More than these are skipped: they mean nothing to the module, and each costs more memory than it
// takes bytes in the file.
constexpr size_t kMaxCustomSections = 10'000;

// The order in which sections must come (spec 5.5.17), from 1.
int rank_of(SectionId id) {
  switch (id) {
    case SectionId::Custom:    return 0;
    case SectionId::Type:      return 1;
    case SectionId::Import:    return 2;
    case SectionId::Function:  return 3;
    case SectionId::Table:     return 4;
    case SectionId::Memory:    return 5;
    case SectionId::Tag:       return 6;
    case SectionId::Global:    return 7;
    case SectionId::Export:    return 8;
    case SectionId::Start:     return 9;
    case SectionId::Element:   return 10;
    case SectionId::DataCount: return 11;
    case SectionId::Code:      return 12;
    case SectionId::Data:      return 13;
  }
  return 0;
}

}  // namespace

Result<std::shared_ptr<const wasm::Module>> decode_module(std::span<const std::byte> bytes,
                                                          std::shared_ptr<const void> owner,
                                                          const DecodeOptions& options) {
  return ModuleDecoder(bytes, std::move(owner), options).decode();
}

ModuleDecoder::ModuleDecoder(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                             const DecodeOptions& options)
    : options_(options),
      module_(std::make_shared<wasm::Module>()),
      cursor_(bytes, 0, bytes.size()),
      context_{*module_, {}, {}} {
  module_->bytes = bytes;
  module_->bytes_owner = std::move(owner);
  module_->source = options.source;
  module_->features = options.features;
}

Result<std::shared_ptr<const wasm::Module>> ModuleDecoder::decode() {
  const bool ok = decode_header() && decode_sections() && check_lengths();
  // Code comes before the data section and errors in it before those in there.
  if (code_bytes_ != 0 && has_all_bodies()) {
    if (std::optional<Error> error = validate_code(context_, code_bytes_, options_.threads))
      return std::unexpected(*std::move(error));
  }
  if (!ok) return std::unexpected(take_error());
  return std::move(module_);
}

bool ModuleDecoder::decode_header() {
  const std::span<const std::byte> bytes = module_->bytes;
  if (std::optional<Error> error = check_header(bytes)) {
    error_ = std::move(error);
    return false;
  }
  // Offsets, among them the one past the end, are 32 bits wide.
  if (bytes.size() >= wasm::kMaxModuleBytes)
    return fail(0, Error::Kind::Unsupported, "the module is 4 GiB or larger");
  return cursor_.skip(kHeaderBytes);
}

bool ModuleDecoder::decode_sections() {
  Cursor file = cursor_;
  int last_rank = 0;
  while (!file.at_end()) {
    const uint32_t offset = file.position();
    uint8_t id = 0;
    uint32_t size = 0;
    cursor_ = file;
    if (!cursor_.read_u8(id)) return false;
    if (id > kLastSectionId)
      return fail(offset, Error::Kind::Malformed, "malformed section id " + std::to_string(id));
    if (!cursor_.read_u32(size)) return false;
    if (size > cursor_.remaining()) return cursor_.fail("length out of bounds");
    file = cursor_;
    file.skip(size);

    const auto section = static_cast<SectionId>(id);
    if (section == SectionId::Custom) {
      cursor_ = Cursor(module_->bytes, cursor_.position(), file.position());
      if (!custom_section(offset)) return false;
      continue;
    }
    if (rank_of(section) <= last_rank)
      return fail(offset, Error::Kind::Malformed,
                  "unexpected content after last section: section " + std::to_string(id) +
                      " is repeated or out of order");
    last_rank = rank_of(section);
    module_->sections.push_back({id, cursor_.position(), size});
    if (!decode_section(section)) return false;
    if (cursor_.position() != file.position()) return cursor_.fail("section size mismatch");
  }
  return true;
}

bool ModuleDecoder::decode_section(SectionId id) {
  switch (id) {
    case SectionId::Custom:    break;
    case SectionId::Type:      return type_section();
    case SectionId::Import:    return import_section();
    case SectionId::Function:  return function_section();
    case SectionId::Table:     return table_section();
    case SectionId::Memory:    return memory_section();
    case SectionId::Tag:       return tag_section();
    case SectionId::Global:    return global_section();
    case SectionId::Export:    return export_section();
    case SectionId::Start:     return start_section();
    case SectionId::Element:   return element_section();
    case SectionId::DataCount: return data_count_section();
    case SectionId::Code:      return code_section();
    case SectionId::Data:      return data_section();
  }
  return false;
}

// The code is elsewhere.
bool ModuleDecoder::take_bodies() {
  const auto bodies = module_->source->bodies();
  const uint64_t size = module_->source->size();
  if (bodies.size() != module_->functions.size() - module_->imported_functions) return true;
  for (const auto& [offset, bytes] : bodies) {
    if (offset > size || bytes > size - offset)
      return fail(0, Error::Kind::Malformed, "a function lies beyond the end of the module");
    wasm::Function& function = module_->functions[module_->imported_functions + body_count_++];
    function.body_offset = offset;
    function.body_size = bytes;
  }
  return true;
}

bool ModuleDecoder::check_lengths() {
  const auto end = static_cast<uint32_t>(module_->bytes.size());
  if (module_->source != nullptr && !take_bodies()) return false;
  if (!has_all_bodies())
    return fail(end, Error::Kind::Malformed, "function and code section have inconsistent lengths");
  if (!has_data_section_ && context_.data_count.value_or(0) != 0)
    return fail(end, Error::Kind::Malformed,
                "data count and data section have inconsistent lengths");
  return true;
}

bool ModuleDecoder::custom_section(uint32_t section_offset) {
  wasm::CustomSection section;
  section.offset = section_offset;
  if (!read_name(section.name)) return false;
  cursor_.read_bytes(cursor_.remaining(), section.contents);
  if (module_->custom_sections.size() < kMaxCustomSections)
    module_->custom_sections.push_back(section);
  return true;
}

// --- what all sections need ---

bool ModuleDecoder::read_count(uint64_t limit, const char* what, uint32_t& out) {
  const uint32_t offset = cursor_.position();
  if (!cursor_.read_u32(out)) return false;
  if (out > cursor_.remaining()) return cursor_.fail_at(offset, Cursor::kUnexpectedEnd);
  if (out > limit)
    return fail(offset, Error::Kind::Unsupported,
                std::string("too many ") + what + ": " + std::to_string(out) + ", the limit is " +
                    std::to_string(limit));
  return true;
}

bool ModuleDecoder::read_name(std::string_view& out) {
  const uint32_t offset = cursor_.position();
  uint32_t length = 0;
  if (!cursor_.read_u32(length)) return false;
  if (length > cursor_.remaining()) return cursor_.fail_at(offset, "length out of bounds");
  std::span<const std::byte> bytes;
  cursor_.read_bytes(length, bytes);
  out = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  if (!is_valid_utf8(out)) return cursor_.fail_at(offset, "malformed UTF-8 encoding");
  if (length > wasm::kMaxNameBytes)
    return cursor_.fail_at(offset, "name too long", Error::Kind::Unsupported);
  return true;
}

bool ModuleDecoder::read_val_type(wasm::ValType& out) {
  const uint32_t offset = cursor_.position();
  return binary::read_val_type(cursor_, options_.features, out) && check_val_type(out, offset);
}

bool ModuleDecoder::read_ref_type(wasm::ValType& out) {
  const uint32_t offset = cursor_.position();
  return binary::read_ref_type(cursor_, options_.features, out) && check_val_type(out, offset);
}

bool ModuleDecoder::check_val_type(wasm::ValType type, uint32_t offset) {
  if (!type.is_ref() || !type.heap().is_concrete()) return true;
  return check_index(type.heap().index(), module_->types.size(), "type", offset);
}

bool ModuleDecoder::check_index(uint32_t index, size_t count, const char* what, uint32_t offset) {
  if (index < count) [[likely]]
    return true;
  return invalid(offset, std::string("unknown ") + what + " " + std::to_string(index));
}

bool ModuleDecoder::fail(uint32_t offset, Error::Kind kind, std::string message) {
  error_ = Error{kind, std::move(message), offset, {}};
  return false;
}

Error ModuleDecoder::take_error() { return error_ ? *std::move(error_) : cursor_.error(); }

}  // namespace wrun::binary
