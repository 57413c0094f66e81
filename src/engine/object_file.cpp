#include "engine/object_file.hpp"

#include <elf.h>

#include <cstring>
#include <string_view>

namespace wrun::engine {
namespace {

enum Section : uint16_t { kNone, kText, kSymbols, kSymbolNames, kSectionNames, kSections };
constexpr std::string_view kNames[kSections] = {"", ".text", ".symtab", ".strtab", ".shstrtab"};

// Where its name is in the section of names.
constexpr Elf64_Word name_offset(Section section) {
  size_t offset = 0;
  for (size_t i = 0; i < section; ++i) offset += kNames[i].size() + 1;
  return static_cast<Elf64_Word>(offset);
}

class ObjectFile {
 public:
  void add_code(std::span<const std::byte> code, ObjectContents contents) {
    const bool is_here = contents == ObjectContents::Code;
    Elf64_Shdr& text = add(kText, is_here ? SHT_PROGBITS : SHT_NOBITS);
    text.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
    text.sh_addralign = 16;
    if (is_here) return fill(text, code.data(), code.size());
    text.sh_addr = reinterpret_cast<Elf64_Addr>(code.data());
    text.sh_size = code.size();
  }

  void add_symbols(const std::byte* begin, const std::vector<CodeSymbol>& symbols) {
    std::string names(1, '\0');
    std::vector<Elf64_Sym> table(1);
    for (const CodeSymbol& symbol : symbols) {
      Elf64_Sym entry = {};
      entry.st_name = static_cast<Elf64_Word>(names.size());
      entry.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
      entry.st_shndx = kText;
      entry.st_value = static_cast<Elf64_Addr>(symbol.code - begin);
      entry.st_size = symbol.bytes;
      table.push_back(entry);
      names.append(symbol.name).push_back('\0');
    }
    Elf64_Shdr& symtab = add(kSymbols, SHT_SYMTAB);
    symtab.sh_link = kSymbolNames;
    symtab.sh_info = 1;  // the first that is not local
    symtab.sh_addralign = alignof(Elf64_Sym);
    symtab.sh_entsize = sizeof(Elf64_Sym);
    fill(symtab, table.data(), table.size() * sizeof(Elf64_Sym));
    fill(add(kSymbolNames, SHT_STRTAB), names.data(), names.size());
  }

  std::string finish(codegen::Machine machine) {
    std::string names;
    for (const std::string_view name : kNames) names.append(name).push_back('\0');
    fill(add(kSectionNames, SHT_STRTAB), names.data(), names.size());
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = elf_machine(machine);
    header.e_version = EV_CURRENT;
    header.e_shoff = sizeof(header);
    header.e_ehsize = sizeof(header);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = kSections;
    header.e_shstrndx = kSectionNames;
    std::memcpy(bytes_.data(), &header, sizeof(header));
    std::memcpy(bytes_.data() + sizeof(header), sections_, sizeof(sections_));
    return std::move(bytes_);
  }

 private:
  Elf64_Shdr& add(Section section, uint32_t type) {
    sections_[section].sh_name = name_offset(section);
    sections_[section].sh_type = type;
    sections_[section].sh_addralign = 1;
    return sections_[section];
  }
  void fill(Elf64_Shdr& section, const void* data, size_t bytes) {
    bytes_.resize((bytes_.size() + section.sh_addralign - 1) / section.sh_addralign *
                  section.sh_addralign);
    section.sh_offset = bytes_.size();
    section.sh_size = bytes;
    bytes_.append(static_cast<const char*>(data), bytes);
  }

  Elf64_Shdr sections_[kSections] = {};
  std::string bytes_ = std::string(sizeof(Elf64_Ehdr) + sizeof(sections_), '\0');
};

}  // namespace

uint16_t elf_machine(codegen::Machine machine) {
  return machine == codegen::Machine::A64 ? EM_AARCH64 : EM_X86_64;
}

std::string make_object_file(codegen::Machine machine, std::span<const std::byte> code,
                             const std::vector<CodeSymbol>& symbols, ObjectContents contents) {
  ObjectFile file;
  file.add_code(code, contents);
  file.add_symbols(code.data(), symbols);
  return file.finish(machine);
}

}  // namespace wrun::engine
