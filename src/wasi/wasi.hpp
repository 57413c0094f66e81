// WASI preview 1 for one guest program: what it is given, and the functions it may import.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/linker.hpp"
#include "wasi/call.hpp"
#include "wasi/handles.hpp"
#include "wasi/memory_tree.hpp"
#include "wasi/path.hpp"
#include "wasi/recorder.hpp"
#include "wasi/streams.hpp"
#include "wasi/trace.hpp"
#include "wasi/virtual_effects.hpp"

namespace wrun::wasi {

struct Preopen {
  enum class Kind : uint8_t {
    Host,    // the directory `host_path`, or the archive of that name, which is read-only
    Memory,  // empty, in memory only
  };
  std::string host_path;
  std::string guest_path;
  bool read_only = false;
  Kind kind = Kind::Host;
  TreeLimits limits{};  // of Kind::Memory
};

struct WasiOptions {
  std::vector<std::string> arguments{};    // the first is the program's name
  std::vector<std::string> environment{};  // "NAME=value"
  std::vector<Preopen> preopens{};         // guest descriptors 3, 4, … in this order
  std::vector<std::string> listeners{};    // addresses; guest descriptors after the directories
  // Host descriptors for the guest's 0, 1 and 2; borrowed. -1: nothing to read, writes vanish.
  std::array<int, 3> stdio = {0, 1, 2};
  // Instead of them: what there is to read, and who receives standard output and error.
  std::optional<std::string> input{};
  std::array<OutputSink, 2> output{};
  uint32_t max_descriptors = 1024;
  PathResolution path_resolution = PathResolution::Automatic;
  EffectOptions effects{};
  TraceSink trace{};                      // empty: no trace
  bool count_uses = false;                // of what is granted
  std::string record{};                   // a file to record the run in
  std::vector<Attachment> attachments{};  // to go with it
  std::unique_ptr<Recording> replay{};    // instead of doing what the guest asks for
};

// A path that a guest named in vain.
struct RefusedPath {
  enum class Reason : uint8_t {
    NotFound,   // nothing there, in what the guest can see
    ReadOnly,   // in a directory that was granted for reading only
    OutsideOf,  // leads out of the directory, or is absolute
  };
  Reason reason = Reason::NotFound;
  std::string directory;  // the granted directory it was relative to; empty: one opened below
  std::string path;
};

// Strings as programs receive them: one after the other, each ending in NUL.
class StringList {
 public:
  void add(std::string_view text);
  uint32_t count() const { return static_cast<uint32_t>(offsets_.size()); }
  const std::vector<uint32_t>& offsets() const { return offsets_; }
  std::string_view at(uint32_t index) const { return &bytes_[offsets_[index]]; }
  std::string_view bytes() const { return bytes_; }

 private:
  std::vector<uint32_t> offsets_;
  std::string bytes_;
};

// The stores of several threads may be linked to one Wasi: they share descriptors.
class Wasi final : public runtime::HostFunctionSource {
 public:
  // Fails with Kind::Io for a directory that cannot be opened and with Kind::Usage for options that
  // make no sense, naming what is wrong.
  static Result<std::unique_ptr<Wasi>> create(WasiOptions options);

  // Finds what modules import from `wasi_snapshot_preview1` and `wasi_unstable`.
  bool find(std::string_view module, std::string_view name, runtime::HostFunction& out) override;

  // The last path that was refused for the gravest of reasons.
  std::optional<RefusedPath> last_refused() const;

  // All that was granted; uses are counted if the options said so.
  const std::deque<Grant>& grants() const { return grants_; }

  // Recordings and replays hold the calls of one thread only.
  bool records_or_replays() const { return recorder_ || replay_; }
  // When the guest has ended: completes a recording, or says whether a replay was like it.
  Result<void> finish();

  // --- for the calls ---
  const StringList& arguments() const { return arguments_; }
  const StringList& environment() const { return environment_; }
  FdTable& descriptors() { return descriptors_; }
  Effects& effects() { return *effects_; }
  const std::vector<std::unique_ptr<CallObserver>>& observers() const { return observers_; }
  Replay* replay() { return replay_.get(); }
  // 1 or 2 if it is standard output or error, else 0.
  uint8_t output_stream(const Grant& grant) const;
  Grant* grant_of(Grant::Kind kind);  // the first of a kind
  void note_refused(RefusedPath::Reason reason, const Handle& directory, std::string_view path);

 private:
  explicit Wasi(WasiOptions& options);
  Result<void> add_observers(WasiOptions& options);
  Result<void> add_strings(const WasiOptions& options);
  Grant& add_grant(Grant::Kind kind, std::string guest_name, std::string host_name = {});
  Result<std::unique_ptr<Directory>> open_root(const Preopen& preopen);
  Result<void> add_preopen(const Preopen& preopen);
  Result<void> add_listener(const std::string& address);

  StringList arguments_;
  StringList environment_;
  // Before the descriptors, whose files use them.
  PathResolver resolver_;
  std::unique_ptr<Effects> effects_;
  FdTable descriptors_;
  std::deque<Grant> grants_;
  std::array<Grant*, 3> stream_grants_ = {};
  std::vector<std::unique_ptr<CallObserver>> observers_;
  Recorder* recorder_ = nullptr;  // among the observers
  std::unique_ptr<Replay> replay_;
  std::mutex finding_;          // guards sites_
  std::deque<CallSite> sites_;  // of observed calls
  std::vector<std::string> preopen_names_;
  mutable std::mutex refusing_;  // guards last_refused_
  std::optional<RefusedPath> last_refused_;
};

}  // namespace wrun::wasi
