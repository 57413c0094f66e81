#include "engine/image_linker.hpp"

#include <cstring>

#include "base/assert.hpp"
#include "cache/format.hpp"
#include "codegen/compiler.hpp"
#include "codegen/stubs.hpp"
#include "engine/runtime_calls.hpp"

namespace wrun::engine {
namespace {

using codegen::Relocation;

class ImageLinker {
 public:
  ImageLinker(const wasm::Module& module, const std::vector<CompiledUnit>& units,
              codegen::Machine machine, size_t page_bytes)
      : module_(module),
        machine_(machine),
        units_(units),
        layout_(CodeLayout::of(units, [](uint32_t) { return false; })),
        runtime_calls_(runtime_call_functions().size()),
        jumps_(layout_.bytes),
        image_{.code = std::vector<std::byte>(jumps_ + runtime_calls_ * codegen::kSlotJumpBytes),
               .functions_bytes = layout_.stubs_begin,
               .tables = {},
               .stubs = {}},
        slots_(cache::round_up_to_page(image_.code.size(), page_bytes)) {}

  LinkedImage link() {
    for (size_t i = 0; i < units_.size(); ++i) place(units_[i], layout_.units[i]);
    for (const CodeLayout::Callee& stub : layout_.stubs) write_stub(stub);
    for (size_t i = 0; i < runtime_calls_; ++i) {
      const size_t at = jumps_ + i * codegen::kSlotJumpBytes;
      write(at, codegen::make_slot_jump(machine_, at, slot(i)), codegen::kSlotJumpBytes);
    }
    return std::move(image_);
  }

 private:
  // Addresses count from the beginning of the code.
  uint64_t slot(size_t index) const { return slots_ + index * sizeof(uint64_t); }

  size_t target(const Relocation& relocation) const {
    if (relocation.target == Relocation::Target::RuntimeCall)
      return jumps_ + relocation.index * codegen::kSlotJumpBytes;
    if (const auto* callee = CodeLayout::find(layout_.callees, relocation.index))
      return callee->offset;
    const auto* stub = CodeLayout::find(layout_.stubs, relocation.index);
    WRUN_CHECK(stub != nullptr);
    return stub->offset;
  }

  void place(const CompiledUnit& unit, uint32_t offset) {
    std::memcpy(image_.code.data() + offset, unit.code.code.data(), unit.code.code.size());
    for (const Relocation& relocation : unit.code.relocations) {
      const size_t at = offset + relocation.offset;
      codegen::set_target(machine_, image_.code.data() + at,
                          static_cast<int64_t>(target(relocation)) - static_cast<int64_t>(at));
    }
    image_.tables.add(offset, unit.unit.function_index, unit.unit.entry_loop, unit.code);
  }

  void write_stub(const CodeLayout::Callee& callee) {
    const size_t index = callee.function_index - module_.imported_functions;
    const auto stub = codegen::make_function_stub(machine_, callee.function_index, callee.offset,
                                                  slot(runtime_calls_ + index));
    write(callee.offset, stub, codegen::FunctionStub::kBytes);
    image_.stubs.push_back({callee.function_index, callee.offset + stub.by_reference});
  }

  void write(size_t at, const codegen::StubCode& stub, size_t most) {
    WRUN_CHECK(stub.code.size() <= most);
    std::memcpy(image_.code.data() + at, stub.code.data(), stub.code.size());
  }

  const wasm::Module& module_;
  const codegen::Machine machine_;
  const std::vector<CompiledUnit>& units_;
  const CodeLayout layout_;
  const size_t runtime_calls_;
  const size_t jumps_;  // where those of runtime calls begin
  LinkedImage image_;
  const uint64_t slots_;  // where they will be
};

}  // namespace

LinkedImage link_image(const wasm::Module& module, const std::vector<CompiledUnit>& units,
                       codegen::Machine machine, size_t page_bytes) {
  return ImageLinker(module, units, machine, page_bytes).link();
}

}  // namespace wrun::engine
