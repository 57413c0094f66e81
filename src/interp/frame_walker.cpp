#include "interp/frame_walker.hpp"

#include "interp/interpreter.hpp"

namespace wrun::interp {
namespace {

constexpr size_t kWithin = sizeof(uint64_t);  // from a return address back into the call

constexpr int kFramesOfAdapter = -static_cast<int>(runtime::CompiledPc::kSavedRegisters) - 1;

}  // namespace

FrameWalker::FrameWalker(const runtime::CompiledCode* compiled, Pc pc, uint64_t* fp, VMContext* vm,
                         Record* sp)
    : compiled_(compiled), pc_(pc), fp_(fp), vm_(vm), sp_(sp) {}

FrameWalker::FrameWalker(const runtime::CompiledCode* compiled, const uint64_t* stub_frame,
                         VMContext* vm)
    : compiled_(compiled), vm_(vm), frame_(stub_frame), compiled_pc_(stub()) {}

FrameWalker::FrameWalker(const runtime::StackState& stack, const runtime::CompiledCode* compiled)
    : compiled_(compiled), vm_(stack.exit_vm) {
  if (stack.exit_was_compiled) {
    frame_ = stack.exit_frame;
    compiled_pc_ = compiled->find(stack.exit_pc);
  } else {
    pc_ = static_cast<Pc>(stack.exit_pc);
    fp_ = stack.exit_frame;
    sp_ = static_cast<Record*>(const_cast<void*>(stack.exit_records));
  }
}

void FrameWalker::read_saved_registers(uint64_t* registers) const {
  for (uint32_t i = 0; i < kSavedRegisters; ++i) registers[i] = *saved_[i];
}

bool FrameWalker::next() { return is_compiled() ? next_of_compiled() : next_of_records(); }

bool FrameWalker::next_of_records() {
  while (true) {
    const Record record = *sp_;
    if (record.pc == exit_code()) return false;
    ++sp_;
    if (record.pc == switch_back_code()) {
      vm_ = reinterpret_cast<VMContext*>(record.fp);
    } else if (compiled_ != nullptr && compiled_->find(record.pc).is_return_word) {
      frame_ = record.fp;
      compiled_pc_ = stub();
      interpreter_frames_ = reinterpret_cast<uint64_t*>(record.fp[kFramesOfAdapter]);
      entry_record_ = reinterpret_cast<const void*>(record.fp[kFramesOfAdapter - 1]);
      return next_of_compiled();
    } else {
      pc_ = record.pc - kWithin;
      fp_ = record.fp;
      return true;
    }
  }
}

// A frame begins with the caller's frame pointer and the return address.
bool FrameWalker::next_of_compiled() {
  const uint64_t* word = frame_;
  for (uint32_t i = 0; i < kSavedRegisters; ++i)
    if ((compiled_pc_.saved >> i & 1) != 0) saved_[i] = --word;
  compiled_pc_ = compiled_->find(reinterpret_cast<const std::byte*>(frame_[1]) - 1);
  frame_ = reinterpret_cast<const uint64_t*>(frame_[0]);
  if (!compiled_pc_.is_entry) return true;
  sp_ = reinterpret_cast<Record*>(const_cast<uint64_t*>(frame_));
  frame_ = nullptr;
  return next_of_records();
}

}  // namespace wrun::interp
