// A guest without code: calls WASI as a program would, on a memory and a directory of its own.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "runtime/store.hpp"
#include "wasi/preview1.hpp"
#include "wasi/wasi.hpp"

namespace wrun::wasi {

inline std::ostream& operator<<(std::ostream& out, Errno error) { return out << errno_name(error); }
inline std::ostream& operator<<(std::ostream& out, PathResolution mode) {
  return out << (mode == PathResolution::Walk ? "walk" : "automatic");
}

}  // namespace wrun::wasi

namespace wrun::wasi::test {

namespace fs = std::filesystem;
using runtime::TrapCode;
inline constexpr Snapshot kPreview1 = Snapshot::Preview1;
inline constexpr Snapshot kUnstable = Snapshot::Unstable;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (fs::temp_directory_path() / "wrun-wasi-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline void write_file(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class NoExecutor final : public runtime::Executor {
  Result<void> prepare(runtime::Instance&) override { return {}; }
  TrapCode call(runtime::Store&, runtime::FuncRef&, uint64_t*) override { return TrapCode::None; }
};

// Descriptor 3 is the host's directory `sandbox`, which lies in `outside`.
class Guest {
 public:
  static constexpr Fd kRoot = 3;
  static constexpr uint64_t kReadWrite = rights::kFdRead | rights::kFdWrite;

  explicit Guest(WasiOptions options = {}, bool read_only = false) {
    sandbox = outside.path() / "sandbox";
    fs::create_directory(sandbox);
    if (options.preopens.empty()) options.preopens.push_back({sandbox.string(), "/", read_only});
    auto created = Wasi::create(std::move(options));
    REQUIRE(created);
    wasi = std::move(*created);
  }
  explicit Guest(PathResolution mode, bool read_only = false)
      : Guest(WasiOptions{.path_resolution = mode}, read_only) {}

  template <class... Parameters, class... Arguments>
  Errno call(Errno (Preview1::*member)(Parameters...), Arguments... arguments) {
    Preview1 calls(*wasi, store, GuestMemory({memory.data(), memory.size()}));
    const Errno error = (calls.*member)(static_cast<Parameters>(arguments)...);
    trap = calls.trap();
    return error;
  }
  // The same with a path as pointer and length.
  template <class... Parameters, class... Rest>
  Errno with_path(Errno (Preview1::*member)(Fd, GuestPtr, GuestSize, Parameters...), Fd fd,
                  std::string_view path, Rest... rest) {
    return call(member, fd, put(path), path.size(), rest...);
  }

  Errno try_open(Fd dir, std::string_view path, uint32_t oflags = 0,
                 uint64_t rights = rights::kFdRead, uint32_t fdflags = 0, uint32_t lookup = 0) {
    const GuestPtr text = put(path);
    const Errno error = call(&Preview1::path_open, dir, lookup, text, path.size(), oflags, rights,
                             0, fdflags, kResult);
    opened = get<Fd>(kResult);
    return error;
  }
  Errno try_follow(std::string_view path, uint32_t oflags = 0, uint64_t rights = rights::kFdRead) {
    return try_open(kRoot, path, oflags, rights, 0, lookupflags::kSymlinkFollow);
  }
  Fd open(Fd dir, std::string_view path, uint32_t oflags = 0, uint64_t rights = rights::kFdRead,
          uint32_t fdflags = 0) {
    REQUIRE(try_open(dir, path, oflags, rights, fdflags) == Errno::Success);
    return opened;
  }

  // One iovec.
  Errno write(Fd fd, std::string_view text) {
    return call(&Preview1::fd_write, fd, iovec(put(text), text.size()), 1, kResult);
  }
  std::string read(Fd fd, GuestSize size = 4096) {
    const GuestPtr buffer = put(std::string(size, '?'));
    REQUIRE(call(&Preview1::fd_read, fd, iovec(buffer, size), 1, kResult) == Errno::Success);
    return text(buffer, get<GuestSize>(kResult));
  }

  GuestPtr put(std::string_view bytes) {
    if (next_ + bytes.size() > memory.size()) next_ = kHeap;
    const auto at = static_cast<GuestPtr>(next_);
    std::memcpy(&memory[at], bytes.data(), bytes.size());
    next_ += (bytes.size() + 15) & ~size_t{7};
    return at;
  }
  GuestPtr iovec(GuestPtr base, uint64_t length) {
    const GuestPtr parts[] = {base, static_cast<GuestPtr>(length)};
    return put({reinterpret_cast<const char*>(parts), sizeof parts});
  }
  template <class T>
  T get(GuestPtr at) const {
    return load<T>(&memory[at]);
  }
  std::string text(GuestPtr at, size_t size) const {
    return {reinterpret_cast<const char*>(&memory[at]), size};
  }

  static constexpr GuestPtr kResult = 64;  // where calls put what they return
  static constexpr size_t kHeap = 4096;

  TemporaryDirectory outside;
  fs::path sandbox;
  std::unique_ptr<Wasi> wasi;
  NoExecutor executor;
  wasm::TypeRegistry types;
  runtime::Store store{executor, types, {}};
  std::vector<std::byte> memory = std::vector<std::byte>(1 << 20);
  TrapCode trap = TrapCode::None;
  Fd opened = 0;

 private:
  size_t next_ = kHeap;
};

}  // namespace wrun::wasi::test
