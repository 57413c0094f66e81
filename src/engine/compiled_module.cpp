#include "engine/compiled_module.hpp"

#include <cstring>

#include "base/assert.hpp"
#include "base/os_memory.hpp"
#include "codegen/compiler.hpp"
#include "codegen/stubs.hpp"

namespace wrun::engine {

using codegen::FunctionStub;
using codegen::Relocation;

CompiledModule::CompiledModule(uint32_t functions, uint32_t imported_functions,
                               RuntimeCalls runtime_calls, CodeMemory& memory)
    : functions_(functions - imported_functions),
      imported_functions_(imported_functions),
      runtime_calls_(runtime_calls),
      memory_(memory),
      entries_(static_cast<std::atomic<const void*>*>(
          std::calloc(functions_, sizeof(std::atomic<const void*>)))) {
  WRUN_CHECK(entries_ != nullptr || functions_ == 0);
}

CompiledModule::~CompiledModule() {
  if (!slots_.empty()) memory_.release(slot_pages_);
}

bool CompiledModule::make_slots() {
  if (!slots_.empty()) return true;
  const auto data = memory_.allocate(functions_ * sizeof(uint64_t));
  if (!data) return false;
  slot_pages_ = *data;
  slots_ = {reinterpret_cast<uint64_t*>(data->data()), functions_};
  return true;
}

std::unique_ptr<CodeBatch> CompiledModule::link(std::vector<CompiledUnit> units) {
  const std::lock_guard lock(mutex_);
  const CodeLayout layout =
      CodeLayout::of(units, [this](uint32_t index) { return entry(index) != nullptr; }, begin_);
  const auto pages = make_slots() ? memory_.allocate(layout.bytes) : std::nullopt;
  if (!pages) return nullptr;
  begin_ = CodeLayout::aligned(layout.bytes) % os_page_size();
  codegen::OwnedCodeTables tables;
  for (size_t i = 0; i < units.size(); ++i) {
    const codegen::CompiledFunction& function = units[i].code;
    std::byte* code = pages->data() + layout.units[i];
    std::memcpy(code, function.code.data(), function.code.size());
    for (const Relocation& relocation : function.relocations) {
      std::byte* at = code + relocation.offset;
      codegen::set_target(codegen::kNativeMachine, at,
                          target(relocation, layout, pages->data()) - at);
    }
    tables.add(layout.units[i], units[i].unit.function_index, units[i].unit.entry_loop, function);
    units[i].code = {};
  }
  for (const CodeLayout::Callee& stub : layout.stubs)
    write_stub(stub.function_index, pages->data() + stub.offset);
  auto batch = std::make_unique<CodeBatch>(memory_, *pages, layout.stubs_begin, std::move(tables));
  return CodeMemory::seal(*pages) ? std::move(batch) : nullptr;
}

// The slots that the file's code goes by lie behind it.
std::unique_ptr<CodeBatch> CompiledModule::map(const cache::CodeImage& image) {
  const std::lock_guard lock(mutex_);
  WRUN_CHECK(slots_.empty());
  const size_t code_bytes = round_up_to_os_page(image.code_bytes);
  const size_t slots = runtime_calls_.size() + functions_;
  const auto pages = memory_.allocate(code_bytes + slots * sizeof(uint64_t));
  if (!pages) return nullptr;
  const CodeMemory::Pages code = pages->first(code_bytes);
  if (!os_map_executable(code.data(), code.size(), image.file, image.file_offset)) {
    memory_.release(*pages);
    return nullptr;
  }
  slot_pages_ = pages->subspan(code_bytes);
  const std::span all(reinterpret_cast<uint64_t*>(slot_pages_.data()), slots);
  for (size_t i = 0; i < runtime_calls_.size(); ++i)
    all[i] = reinterpret_cast<uint64_t>(runtime_calls_[i]);
  slots_ = all.subspan(runtime_calls_.size());
  for (const cache::StubEntry& stub : image.stubs)
    slots_[stub.function_index - imported_functions_] =
        reinterpret_cast<uint64_t>(code.data() + stub.by_reference);
  return std::make_unique<CodeBatch>(memory_, code, image.functions_bytes, image.tables);
}

const std::byte* CompiledModule::target(const Relocation& relocation, const CodeLayout& layout,
                                        const std::byte* pages) const {
  if (relocation.target == Relocation::Target::RuntimeCall) return runtime_calls_[relocation.index];
  if (const auto* callee = CodeLayout::find(layout.callees, relocation.index))
    return pages + callee->offset;
  if (const auto* stub = CodeLayout::find(layout.stubs, relocation.index))
    return pages + stub->offset;
  return static_cast<const std::byte*>(entry(relocation.index));
}

void CompiledModule::write_stub(uint32_t function_index, std::byte* at) {
  uint64_t& slot = slots_[function_index - imported_functions_];
  const FunctionStub stub = codegen::make_function_stub(codegen::kNativeMachine, function_index,
                                                        reinterpret_cast<uint64_t>(at),
                                                        reinterpret_cast<uint64_t>(&slot));
  WRUN_CHECK(stub.code.size() <= FunctionStub::kBytes);
  std::memcpy(at, stub.code.data(), stub.code.size());
  if (slot == 0) slot = reinterpret_cast<uint64_t>(at + stub.by_reference);
}

void CompiledModule::publish(const CodeBatch& batch) {
  const std::lock_guard lock(mutex_);
  if (batch.is_mapped()) return mapped_.store(&batch, std::memory_order_release);
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto [unit, code, bytes] = batch.entry(i);
    if (unit.entry_loop != 0) {
      loop_entries_[unit] = code;
      continue;
    }
    const uint32_t function = unit.function_index - imported_functions_;
    entries_[function].store(code, std::memory_order_release);
    // Nobody goes by a slot that no stub was made for.
    if (slots_[function] != 0)
      __atomic_store_n(&slots_[function], reinterpret_cast<uint64_t>(code), __ATOMIC_RELEASE);
  }
}

const void* CompiledModule::loop_entry(const CompilationUnit& unit) const {
  const std::lock_guard lock(mutex_);
  const auto found = loop_entries_.find(unit);
  return found == loop_entries_.end() ? nullptr : found->second;
}

}  // namespace wrun::engine
