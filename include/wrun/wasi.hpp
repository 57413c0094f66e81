// WASI preview 1 for a guest: what it may see and touch of the host. Nothing is granted that the
// configuration does not name.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wrun/error.hpp"

namespace wrun {

namespace detail {
struct RecordingState;
struct WasiState;
}  // namespace detail

// Something by a name that goes with a recording, such as the module that was run.
struct Attachment {
  std::string name;
  std::string contents;
};

// A run that was recorded (WasiConfig::record), to be replayed. A handle; it serves for one replay.
class Recording {
 public:
  // Fails with Kind::Io, or with Kind::Malformed for what is no recording.
  static Result<Recording> open(const std::string& path);
  const std::vector<Attachment>& attachments() const;

 private:
  friend struct Access;
  explicit Recording(std::shared_ptr<detail::RecordingState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::RecordingState> state_;
};

struct WasiConfig {
  struct Directory {
    std::string host;   // a directory of the host, or a tar file, which is then read-only
    std::string guest;  // what the guest calls it
    bool read_only = false;
    bool in_memory = false;  // empty at first, in memory only; `host` is nothing but its name
    // Of what is in memory: contents of files together, and files, directories and links.
    uint64_t max_bytes = uint64_t{256} << 20;
    uint64_t max_files = 100'000;
  };
  std::vector<std::string> arguments = {};    // the first is the program's name
  std::vector<std::string> environment = {};  // "NAME=value"
  std::vector<Directory> directories = {};    // file descriptors 3, 4, … in this order
  // Addresses to accept connections on, "127.0.0.1:8080" or "[::1]:8080"; the descriptors that follow.
  std::vector<std::string> listeners = {};
  // Host descriptors for the guest's 0, 1 and 2; borrowed. -1: nothing to read, writes vanish.
  std::array<int, 3> stdio = {0, 1, 2};
  // Instead of those: what there is to read, and who is handed what is written, in pieces, one at a time.
  std::optional<std::string> input = {};
  std::function<void(std::span<const std::byte>)> output = {};
  std::function<void(std::span<const std::byte>)> error_output = {};
  // How paths are kept inside of their directory. The walk needs no help of the kernel, and more calls.
  enum class PathResolution : uint8_t {
    Automatic,  // openat2(2) where the kernel has it
    Openat2,
    Walk,
  };
  PathResolution path_resolution = PathResolution::Automatic;
  // Receives every call in words, in the manner of strace, in pieces: what is known before the call, and
  // the rest. Called in the threads of guests, one at a time; must not call back.
  std::function<void(std::string_view)> trace = {};
  // Counts what becomes of everything that is granted, for Wasi::uses().
  bool count_uses = false;

  // The date that the guest sees: fixed, or the host's with an offset.
  std::optional<std::chrono::nanoseconds> fixed_date = {};  // since 1970
  std::chrono::nanoseconds date_offset = {};
  // Time that has nothing to do with the host's: all clocks start at `fixed_date` or 2000-01-01, go on by
  // a microsecond whenever they are looked at, and by what the guest sleeps, without waiting.
  bool virtual_time = false;
  // Random numbers follow from it. Not for secrets.
  std::optional<uint64_t> random_seed = {};

  // A file to record the run in: what every call came to. Not for guests with threads.
  std::string record = {};
  std::vector<Attachment> attachments = {};  // that go with it
  // Gives the guest what was recorded, and does nothing of what it asks for, except writing to
  // `stdio` what it then wrote there.
  std::optional<Recording> replay = {};
};

// Something that a guest was given, and how many of its calls made use of it or of what is in it.
struct GrantUse {
  enum class Kind : uint8_t {
    Arguments,
    Environment,
    Clocks,
    Random,
    Stream,
    Directory,
    Listener,
  };
  Kind kind = Kind::Stream;
  std::string guest;  // what the guest calls it: "stdin", "/data"
  std::string host;   // directories: of the host
  bool read_only = false;
  uint64_t looks = 0;    // at metadata and names
  uint64_t reads = 0;    // and accepted connections
  uint64_t changes = 0;  // and writes
  uint64_t refusals = 0;
};

// A path that the guest named in vain.
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

// A handle, cheap to copy. The stores it is linked into, perhaps those of several threads, share file
// descriptors.
class Wasi {
 public:
  // Opens the directories, and listens. Fails with Kind::Io, naming the directory or address.
  static Result<Wasi> create(const WasiConfig& config);

  // The last path that was refused for the gravest of reasons; for a hint when the guest failed.
  std::optional<RefusedPath> last_refused() const;

  // When the guest has ended: completes a recording (Kind::Io if it cannot be written), or says whether
  // a replay was what was recorded (Kind::Usage if it was not, with the call where it went apart).
  Result<void> finish();

  // The number of a file or directory that the guest has opened and not closed; nothing if there is none.
  std::optional<uint32_t> opened_file() const;

  // Everything that was granted. Counts stay 0 without WasiConfig::count_uses.
  std::vector<GrantUse> uses() const;

 private:
  friend struct Access;
  explicit Wasi(std::shared_ptr<detail::WasiState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::WasiState> state_;
};

}  // namespace wrun
