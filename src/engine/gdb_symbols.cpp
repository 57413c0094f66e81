// GDB's interface for compilers ("JIT Compilation Interface" of its manual): a list of object files in
// memory, and a function that it has a breakpoint in. Each batch of code is an object file with a symbol
// for every function, and without the code, which is where it is.
#include <algorithm>

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
    auto added = std::make_unique<Registered>(
        Registered{batch.begin(),
                   make_object_file(codegen::kNativeMachine, {batch.begin(), batch.end()}, symbols,
                                    ObjectContents::Symbols),
                   {}});
    const std::string& bytes = added->file;
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
    std::string file;
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
