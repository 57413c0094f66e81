// GDB's interface for compilers ("JIT Compilation Interface" of its manual): a list of object files in
// memory, and a function that it has a breakpoint in. Each batch of code is an object file with a symbol
// for every function, and without the code, which is where it is.
#include <elf.h>

#include <algorithm>
#include <cstring>

#include "engine/code_symbols.hpp"

extern "C" {

enum JitAction : uint32_t { kJitNoAction, kJitRegister, kJitUnregister };

struct jit_code_entry {
  jit_code_entry* next_entry;
  jit_code_entry* prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};

struct jit_descriptor {
  uint32_t version;
  uint32_t action_flag;
  jit_code_entry* relevant_entry;
  jit_code_entry* first_entry;
};

// Their names are GDB's.
[[gnu::used]] jit_descriptor __jit_debug_descriptor = {1, kJitNoAction, nullptr,
                                                       nullptr};  // NOLINT
[[gnu::used, gnu::noinline]] void __jit_debug_register_code() {   // NOLINT
  __asm__ volatile("" ::: "memory");
}
}

namespace wrun::engine {

namespace {

std::mutex& registry() {
  static std::mutex mutex;  // of the process, as the list is
  return mutex;
}

void announce(JitAction action, jit_code_entry& entry) {
  __jit_debug_descriptor.action_flag = action;
  __jit_debug_descriptor.relevant_entry = &entry;
  __jit_debug_register_code();
}

class ObjectFile {
 public:
  ObjectFile(const CodeBatch& batch, const std::vector<CodeSymbol>& symbols) {
    std::string names(1, '\0');
    std::vector<Elf64_Sym> table(1);
    for (const CodeSymbol& symbol : symbols) {
      Elf64_Sym entry = {};
      entry.st_name = static_cast<Elf64_Word>(names.size());
      entry.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
      entry.st_shndx = kText;
      entry.st_value = static_cast<Elf64_Addr>(symbol.code - batch.begin());
      entry.st_size = symbol.bytes;
      table.push_back(entry);
      names.append(symbol.name).push_back('\0');
    }
    Elf64_Shdr sections[kSections] = {};
    Elf64_Shdr& text = sections[kText];
    text.sh_name = 1;
    text.sh_type = SHT_NOBITS;
    text.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
    text.sh_addr = reinterpret_cast<Elf64_Addr>(batch.begin());
    text.sh_size = static_cast<Elf64_Xword>(batch.end() - batch.begin());
    text.sh_addralign = 16;
    Elf64_Shdr& symtab = sections[kSymbols];
    symtab.sh_name = 7;
    symtab.sh_type = SHT_SYMTAB;
    symtab.sh_offset = sizeof(Elf64_Ehdr) + sizeof(sections);
    symtab.sh_size = table.size() * sizeof(Elf64_Sym);
    symtab.sh_link = kNames;
    symtab.sh_info = 1;  // the first that is not local
    symtab.sh_addralign = alignof(Elf64_Sym);
    symtab.sh_entsize = sizeof(Elf64_Sym);
    Elf64_Shdr& strtab = sections[kNames];
    strtab.sh_name = 15;
    strtab.sh_type = SHT_STRTAB;
    strtab.sh_offset = symtab.sh_offset + symtab.sh_size;
    strtab.sh_size = names.size();
    strtab.sh_addralign = 1;
    static constexpr char kSectionNames[] = "\0.text\0.symtab\0.strtab\0.shstrtab";
    Elf64_Shdr& shstrtab = sections[kSectionNamesIndex];
    shstrtab.sh_name = 23;
    shstrtab.sh_type = SHT_STRTAB;
    shstrtab.sh_offset = strtab.sh_offset + strtab.sh_size;
    shstrtab.sh_size = sizeof(kSectionNames);
    shstrtab.sh_addralign = 1;

    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = kMachine;
    header.e_version = EV_CURRENT;
    header.e_shoff = sizeof(header);
    header.e_ehsize = sizeof(header);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = kSections;
    header.e_shstrndx = kSectionNamesIndex;
    append(&header, sizeof(header));
    append(sections, sizeof(sections));
    append(table.data(), symtab.sh_size);
    append(names.data(), names.size());
    append(kSectionNames, sizeof(kSectionNames));
  }

  const std::string& bytes() const { return bytes_; }

 private:
  enum : uint16_t { kText = 1, kSymbols, kNames, kSectionNamesIndex, kSections };

  void append(const void* data, size_t bytes) {
    bytes_.append(static_cast<const char*>(data), bytes);
  }

  std::string bytes_;
};

class GdbSymbols final : public SymbolConsumer {
 public:
  ~GdbSymbols() override {
    for (const auto& registered : registered_) unregister(registered->entry);
  }

  void remove(const CodeBatch& batch) override {
    const auto found =
        std::ranges::find(registered_, batch.begin(), [](const auto& each) { return each->code; });
    if (found == registered_.end()) return;
    unregister((*found)->entry);
    registered_.erase(found);
  }

  void add(const CodeBatch& batch, const std::vector<CodeSymbol>& symbols) override {
    auto added =
        std::make_unique<Registered>(Registered{batch.begin(), ObjectFile(batch, symbols), {}});
    const std::string& bytes = added->file.bytes();
    const std::lock_guard lock(registry());
    added->entry = {__jit_debug_descriptor.first_entry, nullptr, bytes.data(), bytes.size()};
    if (added->entry.next_entry != nullptr) added->entry.next_entry->prev_entry = &added->entry;
    __jit_debug_descriptor.first_entry = &added->entry;
    announce(kJitRegister, added->entry);
    registered_.push_back(std::move(added));
  }

 private:
  struct Registered {
    const std::byte* code;
    ObjectFile file;
    jit_code_entry entry;
  };

  static void unregister(jit_code_entry& entry) {
    const std::lock_guard lock(registry());
    (entry.prev_entry != nullptr ? entry.prev_entry->next_entry
                                 : __jit_debug_descriptor.first_entry) = entry.next_entry;
    if (entry.next_entry != nullptr) entry.next_entry->prev_entry = entry.prev_entry;
    announce(kJitUnregister, entry);
  }

  std::vector<std::unique_ptr<Registered>> registered_;
};

}  // namespace

std::unique_ptr<SymbolConsumer> make_gdb_symbols() { return std::make_unique<GdbSymbols>(); }

}  // namespace wrun::engine
