// What a module consists of, put together (spec 5.5.16).
#include "text/module_parser.hpp"

namespace wrun::text {

namespace {

constexpr SectionId kOrder[] = {
    SectionId::Type,   SectionId::Import,  SectionId::Function,  SectionId::Table,
    SectionId::Memory, SectionId::Tag,     SectionId::Global,    SectionId::Export,
    SectionId::Start,  SectionId::Element, SectionId::DataCount, SectionId::Code,
    SectionId::Data,
};

constexpr std::string_view kHeader("\0asm\1\0\0\0", 8);

}  // namespace

ModuleBinary ModuleParser::encode() {
  Section& types = section(SectionId::Type);
  types.count = type_section_.groups();
  types.content.bytes = std::move(type_section_.bytes());
  if (expressions_.needs_data_count()) {
    section(SectionId::DataCount).content.bytes.write_u32(section(SectionId::Data).count);
  }

  Code out;
  out.bytes.write(kHeader);
  for (const SectionId id : kOrder) {
    write_customs({.section = id, .after = false}, out.bytes);
    if (id == SectionId::Code) write_branch_hints(out.bytes);
    write_section(id, out);
    write_customs({.section = id, .after = true}, out.bytes);
  }
  write_names(out.bytes);
  return {out.bytes.take(), std::move(out.marks)};
}

void ModuleParser::write_section(SectionId id, Code& out) {
  const Section& entries = section(id);
  if (entries.content.bytes.empty() && entries.count == 0) return;
  ByteWriter count;
  // These two are no vectors.
  if (id != SectionId::Start && id != SectionId::DataCount) count.write_u32(entries.count);
  out.bytes.write_u8(static_cast<uint8_t>(id));
  out.bytes.write_u64(count.size() + entries.content.bytes.size());
  out.bytes.write(count.bytes());
  out.append(entries.content);
}

}  // namespace wrun::text
