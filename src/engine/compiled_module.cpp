#include "engine/compiled_module.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "codegen/stubs.hpp"

namespace wrun::engine {
namespace {

using codegen::FunctionStub;
using codegen::Relocation;

size_t aligned(size_t bytes) {
  constexpr size_t kAlignment = codegen::CompiledFunction::kAlignment;
  return (bytes + kAlignment - 1) & ~(kAlignment - 1);
}

void write_displacement(std::byte* at, const std::byte* target) {
  const int64_t displacement = target - (at + sizeof(int32_t));
  WRUN_CHECK(displacement == static_cast<int32_t>(displacement));
  const auto value = static_cast<int32_t>(displacement);
  std::memcpy(at, &value, sizeof(value));
}

// The entry for `offset` in an ascending table, by that offset exactly; null if there is none.
template <class Site>
const Site* find_site(const std::vector<Site>& sites, uint32_t offset) {
  const auto site = std::ranges::lower_bound(sites, offset, {}, &Site::offset);
  return site != sites.end() && site->offset == offset ? &*site : nullptr;
}

}  // namespace

// --- CodeBatch

runtime::CompiledPc CodeBatch::find(const void* pc) const {
  const auto at = static_cast<uint32_t>(static_cast<const std::byte*>(pc) - pages_.data());
  const auto after = std::ranges::upper_bound(functions_, at, {}, &Function::offset);
  if (at >= stubs_ || after == functions_.begin()) return {};
  const Function& function = *std::prev(after);
  runtime::CompiledPc result = {.function_index = function.unit.function_index,
                                .inlined_calls = function.code.inlined_calls.data(),
                                .saved = function.code.saved_registers};
  const uint32_t offset = at - function.offset;
  if (const codegen::TrapSite* trap = find_site(function.code.traps, offset)) {
    result.trap = trap->code;
    result.wasm_offset = trap->wasm_offset;
    result.inlined_call = trap->inlined_call;
  } else if (const codegen::CallSite* call = find_site(function.code.calls, offset + 1)) {
    result.wasm_offset = call->wasm_offset;
    result.inlined_call = call->inlined_call;
    result.catches = &function.code.catches;
    result.region = call->region;
    if (call->landing != 0) result.landing = pages_.data() + function.offset + call->landing;
  }
  return result;
}

std::vector<CodeBatch::Entry> CodeBatch::entries() const {
  std::vector<Entry> entries;
  entries.reserve(functions_.size());
  for (const Function& function : functions_)
    entries.push_back(
        {function.unit, pages_.data() + function.offset, function.code.instruction_bytes});
  return entries;
}

// --- CompiledModule

// Where the units of a batch and its stubs go, and where calls of functions lead.
struct CompiledModule::Layout {
  struct Callee {
    uint32_t function_index;
    uint32_t offset;  // in the batch, unless it has been published
  };
  std::vector<uint32_t> units;  // offsets
  std::vector<Callee> callees;  // ascending; those with code in the batch
  std::vector<Callee> stubs;    // ascending; those without any code
  uint32_t stubs_begin = 0;
  size_t bytes = 0;

  static const Callee* find(const std::vector<Callee>& callees, uint32_t function_index) {
    const auto callee =
        std::ranges::lower_bound(callees, function_index, {}, &Callee::function_index);
    return callee != callees.end() && callee->function_index == function_index ? &*callee : nullptr;
  }
};

CompiledModule::CompiledModule(uint32_t functions, uint32_t imported_functions,
                               RuntimeCalls runtime_calls, CodeMemory& memory)
    : functions_(functions - imported_functions),
      imported_functions_(imported_functions),
      runtime_calls_(runtime_calls),
      memory_(memory),
      entries_(std::make_unique<std::atomic<const void*>[]>(functions_)) {}

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

CompiledModule::Layout CompiledModule::lay_out(const std::vector<CompiledUnit>& units) const {
  using Callee = Layout::Callee;
  Layout layout;
  std::vector<uint32_t> called;
  for (const CompiledUnit& unit : units) {
    layout.units.push_back(static_cast<uint32_t>(layout.bytes));
    if (unit.unit.entry_loop == 0)
      layout.callees.push_back({unit.unit.function_index, layout.units.back()});
    layout.bytes += aligned(unit.code.code.size());
    for (const Relocation& relocation : unit.code.relocations)
      if (relocation.target == Relocation::Target::Function) called.push_back(relocation.index);
  }
  std::ranges::sort(layout.callees, {}, &Callee::function_index);
  std::ranges::sort(called);
  const auto repeated = std::ranges::unique(called);
  called.erase(repeated.begin(), repeated.end());
  layout.stubs_begin = static_cast<uint32_t>(layout.bytes);
  for (const uint32_t index : called) {
    WRUN_CHECK(index >= imported_functions_);
    if (Layout::find(layout.callees, index) != nullptr || entry(index) != nullptr) continue;
    layout.stubs.push_back({index, static_cast<uint32_t>(layout.bytes)});
    layout.bytes += FunctionStub::kBytes;
  }
  return layout;
}

std::unique_ptr<CodeBatch> CompiledModule::link(std::vector<CompiledUnit> units) {
  const std::lock_guard lock(mutex_);
  const Layout layout = lay_out(units);
  const auto pages = make_slots() ? memory_.allocate(layout.bytes) : std::nullopt;
  if (!pages) return nullptr;
  auto batch = std::make_unique<CodeBatch>(memory_);
  batch->pages_ = *pages;
  batch->stubs_ = layout.stubs_begin;
  for (size_t i = 0; i < units.size(); ++i) {
    codegen::CompiledFunction& function = units[i].code;
    std::byte* code = pages->data() + layout.units[i];
    std::memcpy(code, function.code.data(), function.code.size());
    for (const Relocation& relocation : function.relocations)
      write_displacement(code + relocation.offset, target(relocation, layout, pages->data()));
    function.code = {};
    function.relocations = {};
    batch->functions_.push_back({units[i].unit, layout.units[i], std::move(function)});
  }
  for (const Layout::Callee& stub : layout.stubs)
    write_stub(stub.function_index, pages->data() + stub.offset);
  return CodeMemory::seal(*pages) ? std::move(batch) : nullptr;
}

const std::byte* CompiledModule::target(const Relocation& relocation, const Layout& layout,
                                        const std::byte* pages) const {
  if (relocation.target == Relocation::Target::RuntimeCall) return runtime_calls_[relocation.index];
  if (const auto* callee = Layout::find(layout.callees, relocation.index))
    return pages + callee->offset;
  if (const auto* stub = Layout::find(layout.stubs, relocation.index)) return pages + stub->offset;
  return static_cast<const std::byte*>(entry(relocation.index));
}

void CompiledModule::write_stub(uint32_t function_index, std::byte* at) {
  uint64_t& slot = slots_[function_index - imported_functions_];
  const FunctionStub stub = codegen::make_function_stub(
      function_index, reinterpret_cast<uint64_t>(at), reinterpret_cast<uint64_t>(&slot));
  WRUN_CHECK(stub.code.size() <= FunctionStub::kBytes);
  std::memcpy(at, stub.code.data(), stub.code.size());
  if (slot == 0) slot = reinterpret_cast<uint64_t>(at + stub.by_reference);
}

void CompiledModule::publish(const CodeBatch& batch) {
  const std::lock_guard lock(mutex_);
  for (const auto& [unit, code, bytes] : batch.entries()) {
    if (unit.entry_loop != 0) {
      loop_entries_[unit] = code;
      continue;
    }
    const uint32_t function = unit.function_index - imported_functions_;
    entries_[function].store(code, std::memory_order_release);
    __atomic_store_n(&slots_[function], reinterpret_cast<uint64_t>(code), __ATOMIC_RELEASE);
  }
}

const void* CompiledModule::loop_entry(const CompilationUnit& unit) const {
  const std::lock_guard lock(mutex_);
  const auto found = loop_entries_.find(unit);
  return found == loop_entries_.end() ? nullptr : found->second;
}

}  // namespace wrun::engine
