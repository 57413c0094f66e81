// Recording what a guest's calls came to, and letting it run again on that alone.
//
// A recording holds, after what its maker put in front (the attachments), an entry for each call:
// which function, the arguments, a hash of what they point to, the result, and every byte that the
// call wrote to the guest's memory. Replayed, a guest that does the same calls gets the same answers;
// at the first that differs, the replay ends with an error that says how.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/store.hpp"
#include "wasi/call.hpp"
#include "wasi/recording_file.hpp"

namespace wrun::wasi {

struct Attachment {
  std::string name;
  std::string contents;
};

class Recorder final : public CallObserver {
 public:
  static Result<std::unique_ptr<Recorder>> create(const std::string& path,
                                                  std::span<const Attachment> attachments);
  explicit Recorder(std::unique_ptr<RecordingWriter> file) : file_(std::move(file)) {}
  void before(const Call& call) override;
  void after(const Call& call) override;
  Result<void> finish() { return file_->finish(); }

 private:
  std::unique_ptr<RecordingWriter> file_;
  uint64_t input_hash_ = 0;
  uint8_t stream_ = 0;
};

// A recording that is being read. Of one use: a replay takes its entries.
class Recording {
 public:
  static Result<std::unique_ptr<Recording>> open(const std::string& path);
  const std::vector<Attachment>& attachments() const { return attachments_; }

 private:
  friend class Replay;
  std::unique_ptr<RecordingReader> file_;
  std::vector<Attachment> attachments_;
};

// Stands in for the host.
class Replay {
 public:
  // What the guest wrote to standard output and error goes to these descriptors again.
  Replay(std::unique_ptr<Recording> recording, std::array<int, 3> stdio)
      : recording_(std::move(recording)), stdio_(stdio) {}

  // Does what was recorded for the call, if it is the next.
  runtime::TrapCode perform(const Call& call, runtime::Store& store, uint64_t* slots);
  // Whether the guest did all that was recorded, and nothing else.
  Result<void> finish();

 private:
  struct Entry;
  bool read(Entry& entry);
  bool write_outputs(const Call& call, uint32_t pieces);
  void repeat_output(const Call& call, const Entry& entry);
  runtime::TrapCode diverge(runtime::Store& store, const std::string& reason);

  std::unique_ptr<Recording> recording_;
  std::array<int, 3> stdio_;
  uint64_t calls_ = 0;
  std::optional<std::string> divergence_;
};

}  // namespace wrun::wasi
