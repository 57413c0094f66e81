#include "wasi/recorder.hpp"

#include <unistd.h>

#include <cerrno>

#include "wasi/call_memory.hpp"
#include "wasi/recording_entry.hpp"
#include "wasi/wasi.hpp"

namespace wrun::wasi {
namespace {

// The standard stream that a call writes to, or 0.
uint8_t stream_of(const Call& call) {
  const Param& first = call.function.signature.params[0];
  if (call.function.use != Use::Changes || first.type != ParamType::Descriptor) return 0;
  const HandleRef handle = call.wasi.descriptors().find(call.word(first.slot));
  return handle && handle->grant ? call.wasi.output_stream(*handle->grant) : uint8_t{0};
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string& path,
                                                   std::span<const Attachment> attachments) {
  auto file = WRUN_TRY(RecordingWriter::create(path));
  file->number<uint32_t>(static_cast<uint32_t>(attachments.size()));
  for (const auto& [name, contents] : attachments) {
    file->text(name);
    file->text(contents);
  }
  return std::make_unique<Recorder>(std::move(file));
}

void Recorder::before(const Call& call) {
  input_hash_ = input_hash(call);
  stream_ = stream_of(call);
}

void Recorder::after(const Call& call) {
  EntryHead head;
  head.function = static_cast<uint8_t>(&call.function - functions().data());
  head.snapshot = call.snapshot;
  head.trap = call.trap;
  head.result = call.result;
  head.stream = stream_;
  head.input_hash = input_hash_;
  for_each_output(call, [&](GuestPtr, GuestSize) { ++head.outputs; });
  file_->number(head);
  for (size_t slot = 0; slot < call.function.signature.slot_count; ++slot)
    file_->number(call.slots[slot]);
  for_each_output(call, [&](GuestPtr ptr, GuestSize size) {
    file_->number(ptr);
    file_->number(size);
    file_->bytes({call.memory.at(ptr, size), size});
  });
}

Result<std::unique_ptr<Recording>> Recording::open(const std::string& path) {
  auto recording = std::make_unique<Recording>();
  recording->file_ = WRUN_TRY(RecordingReader::open(path));
  uint32_t count = 0;
  bool complete = recording->file_->number(count);
  for (uint32_t i = 0; i < count && complete; ++i) {
    Attachment& attachment = recording->attachments_.emplace_back();
    complete =
        recording->file_->text(attachment.name) && recording->file_->text(attachment.contents);
  }
  if (!complete) return fail(Error::Kind::Malformed, "the recording is damaged at its beginning");
  return recording;
}

}  // namespace wrun::wasi
