#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.hpp"
#include "wasi/call_memory.hpp"
#include "wasi/call_text.hpp"
#include "wasi/recorder.hpp"
#include "wasi/recording_entry.hpp"

namespace wrun::wasi {

using runtime::TrapCode;

struct Replay::Entry {
  EntryHead head;
  std::array<uint64_t, Signature::kMaxSlots> slots = {};
  const Function& function() const { return functions()[head.function]; }
};

namespace {

bool is_possible(const EntryHead& head) {
  if (head.function >= functions().size() || head.snapshot > Snapshot::Preview1) return false;
  if (!functions()[head.function].callback(head.snapshot)) return false;
  switch (head.trap) {
    case TrapCode::None:
    case TrapCode::Exit:
    case TrapCode::Interrupted:
    case TrapCode::HostError:
    case TrapCode::OutOfBoundsMemoryAccess: return true;
    default:                                return false;
  }
}

std::string described(const Call& call) {
  std::string text;
  append_start(text, call);
  return text + "...)";
}

}  // namespace

bool Replay::read(Entry& entry) {
  RecordingReader& file = *recording_->file_;
  if (!file.number(entry.head) || !is_possible(entry.head)) return false;
  for (size_t slot = 0; slot < entry.function().signature.slot_count; ++slot)
    if (!file.number(entry.slots[slot])) return false;
  return true;
}

bool Replay::write_outputs(const Call& call, uint32_t pieces) {
  RecordingReader& file = *recording_->file_;
  for (uint32_t i = 0; i < pieces; ++i) {
    GuestPtr ptr = 0;
    GuestSize size = 0;
    if (!file.number(ptr) || !file.number(size)) return false;
    std::byte* to = call.memory.at(ptr, size);
    if (!to || !file.bytes({to, size})) return false;
  }
  return true;
}

void Replay::repeat_output(const Call& call, const Entry& entry) {
  const Param& count = *(call.function.signature.end() - 1);
  const std::byte* written = call.memory.at(call.word(count.slot), sizeof(GuestSize));
  const int fd = stdio_[entry.head.stream];
  if (!written || fd < 0) return;
  for_each_input_piece(call, load<GuestSize>(written), [&](GuestPtr ptr, GuestSize size) {
    // Should its reader be gone: what the guest was told stands in the recording.
    static_cast<void>(write_all(fd, {call.memory.at(ptr, size), size}));
  });
}

TrapCode Replay::perform(const Call& call, runtime::Store& store, uint64_t* slots) {
  Entry entry;
  ++calls_;
  if (!read(entry))
    return diverge(store, "the recording ends, but the guest goes on with " + described(call));
  const bool same_call = &entry.function() == &call.function &&
                         entry.head.snapshot == call.snapshot && entry.slots == call.slots;
  if (!same_call) {
    const Call recorded = {call.wasi,   entry.function(), entry.head.snapshot,
                           entry.slots, GuestMemory({}),  {}};
    return diverge(
        store, "recorded is " + described(recorded) + ", but the guest does " + described(call));
  }
  if (entry.head.input_hash != input_hash(call))
    return diverge(store, "the guest does " + described(call) + " with other data than recorded");
  if (!write_outputs(call, entry.head.outputs))
    return diverge(store, "the recording is damaged or of another guest");
  if (entry.head.stream == 1 || entry.head.stream == 2) repeat_output(call, entry);

  if (entry.head.trap == TrapCode::Exit) store.set_exit(call.word(0));
  if (entry.head.trap == TrapCode::HostError) store.set_host_error("recorded: WASI failed");
  if (call.function.has_result) slots[0] = static_cast<uint64_t>(entry.head.result);
  return entry.head.trap;
}

TrapCode Replay::diverge(runtime::Store& store, const std::string& reason) {
  divergence_ = "the replay diverges at call " + std::to_string(calls_) + ": " + reason;
  store.set_host_error(*divergence_);
  return TrapCode::HostError;
}

Result<void> Replay::finish() {
  if (divergence_) return fail(Error::Kind::Usage, *divergence_);
  Entry next;
  if (!read(next)) return {};
  const std::string name(next.function().name);
  return fail(Error::Kind::Usage, "the replay diverges: the guest ends after " +
                                      std::to_string(calls_) + " calls, but recorded is " + name +
                                      " as the next");
}

}  // namespace wrun::wasi
