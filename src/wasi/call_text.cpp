#include "wasi/call_text.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>
#include <string_view>

#include "wasi/wasi.hpp"

namespace wrun::wasi {
namespace {

constexpr size_t kMaxText = 32;   // bytes shown of data
constexpr uint32_t kMaxList = 4;  // elements shown of lists

struct FlagName {
  uint64_t bit;
  std::string_view name;
};

constexpr FlagName kLookupflags[] = {
    {lookupflags::kSymlinkFollow, "SYMLINK_FOLLOW"}
};
constexpr FlagName kOflags[] = {
    {    oflags::kCreat,     "CREAT"},
    {oflags::kDirectory, "DIRECTORY"},
    {     oflags::kExcl,      "EXCL"},
    {    oflags::kTrunc,     "TRUNC"},
};
constexpr FlagName kFdflags[] = {
    {  fdflags::kAppend,   "APPEND"},
    {   fdflags::kDsync,    "DSYNC"},
    {fdflags::kNonblock, "NONBLOCK"},
    {   fdflags::kRsync,    "RSYNC"},
    {    fdflags::kSync,     "SYNC"},
};
constexpr FlagName kFstflags[] = {
    {   fstflags::kAtim,     "ATIM"},
    {fstflags::kAtimNow, "ATIM_NOW"},
    {   fstflags::kMtim,     "MTIM"},
    {fstflags::kMtimNow, "MTIM_NOW"},
};
constexpr FlagName kRiflags[] = {
    {   riflags::kRecvPeek,    "RECV_PEEK"},
    {riflags::kRecvWaitall, "RECV_WAITALL"},
};
constexpr FlagName kRoflags[] = {
    {roflags::kRecvDataTruncated, "RECV_DATA_TRUNCATED"}
};
constexpr FlagName kSdflags[] = {
    {sdflags::kRd, "RD"},
    {sdflags::kWr, "WR"}
};
// By the number of the bit.
constexpr std::string_view kRights[] = {"FD_DATASYNC",
                                        "FD_READ",
                                        "FD_SEEK",
                                        "FD_FDSTAT_SET_FLAGS",
                                        "FD_SYNC",
                                        "FD_TELL",
                                        "FD_WRITE",
                                        "FD_ADVISE",
                                        "FD_ALLOCATE",
                                        "PATH_CREATE_DIRECTORY",
                                        "PATH_CREATE_FILE",
                                        "PATH_LINK_SOURCE",
                                        "PATH_LINK_TARGET",
                                        "PATH_OPEN",
                                        "FD_READDIR",
                                        "PATH_READLINK",
                                        "PATH_RENAME_SOURCE",
                                        "PATH_RENAME_TARGET",
                                        "PATH_FILESTAT_GET",
                                        "PATH_FILESTAT_SET_SIZE",
                                        "PATH_FILESTAT_SET_TIMES",
                                        "FD_FILESTAT_GET",
                                        "FD_FILESTAT_SET_SIZE",
                                        "FD_FILESTAT_SET_TIMES",
                                        "PATH_SYMLINK",
                                        "PATH_REMOVE_DIRECTORY",
                                        "PATH_UNLINK_FILE",
                                        "POLL_FD_READWRITE",
                                        "SOCK_SHUTDOWN",
                                        "SOCK_ACCEPT"};
// By the number.
constexpr std::string_view kFiletypes[] = {"UNKNOWN",       "BLOCK_DEVICE", "CHARACTER_DEVICE",
                                           "DIRECTORY",     "REGULAR_FILE", "SOCKET_DGRAM",
                                           "SOCKET_STREAM", "SYMBOLIC_LINK"};
constexpr std::string_view kClocks[] = {"REALTIME", "MONOTONIC", "PROCESS_CPUTIME_ID",
                                        "THREAD_CPUTIME_ID"};
constexpr std::string_view kAdvice[] = {"NORMAL",   "SEQUENTIAL", "RANDOM",
                                        "WILLNEED", "DONTNEED",   "NOREUSE"};
constexpr std::string_view kWhence[] = {"SET", "CUR", "END"};
constexpr std::string_view kUnstableWhence[] = {"CUR", "END", "SET"};
constexpr std::string_view kEvents[] = {"CLOCK", "FD_READ", "FD_WRITE"};

class Writer {
 public:
  Writer(std::string& out, const Call& call) : out_(out), call_(call) {}

  void argument(const Param& param) {
    // Outputs of a call that failed are nothing but addresses.
    if (param.is_output() && !call_.succeeded()) return address(call_.word(param.slot));
    value(param);
  }

 private:
  void value(const Param& param) {
    const uint64_t value = call_.slots[param.slot];
    const uint32_t word = call_.word(param.slot);
    switch (param.type) {
      case ParamType::Descriptor: return descriptor(word);
      case ParamType::Size:
      case ParamType::Exitcode:
      case ParamType::Signal:     return decimal(word);
      case ParamType::Timestamp:
      case ParamType::Filesize:
      case ParamType::Cookie:     return decimal(value);
      case ParamType::Filedelta:  return signed_decimal(static_cast<int64_t>(value));
      case ParamType::Clockid:    return number(word, kClocks);
      case ParamType::Advice:     return number(word, kAdvice);
      case ParamType::Whence:
        return number(word, call_.snapshot == Snapshot::Preview1 ? kWhence : kUnstableWhence);
      case ParamType::Lookupflags:   return flags(word, kLookupflags);
      case ParamType::Oflags:        return flags(word, kOflags);
      case ParamType::Fdflags:       return flags(word, kFdflags);
      case ParamType::Fstflags:      return flags(word, kFstflags);
      case ParamType::Riflags:       return flags(word, kRiflags);
      case ParamType::Siflags:       return flags(word, {});
      case ParamType::Sdflags:       return flags(word, kSdflags);
      case ParamType::Rights:        return rights(value);
      case ParamType::Path:          return bytes(word, call_.word(param.slot + 1u), UINT64_MAX);
      case ParamType::Iovecs:
      case ParamType::OutIovecs:     return iovecs(param);
      case ParamType::Subscriptions: return subscriptions(word, call_.word(param.slot + 2u));
      case ParamType::OutBytes:      return bytes(word, moved(param), kMaxText);
      case ParamType::OutDescriptor:
      case ParamType::OutSize:       return stored<uint32_t>(word);
      case ParamType::OutTimestamp:
      case ParamType::OutFilesize:   return stored<uint64_t>(word);
      case ParamType::OutRoflags:
        return at(word, sizeof(uint16_t),
                  [&](const std::byte* from) { flags(load<uint16_t>(from), kRoflags); });
      case ParamType::OutFdstat:   return fdstat(word);
      case ParamType::OutFilestat: return filestat(word);
      case ParamType::OutPrestat:
        return at(word, layout::kPrestat, [&](const std::byte* from) {
          out_ += "{DIR, name_len=";
          decimal(load<GuestSize>(from + 4));
          out_ += '}';
        });
      case ParamType::OutEvents:   return events(param);
      case ParamType::OutPointers: return address(word);
      case ParamType::OutStrings:  return strings();
    }
  }

  template <class Show>
  void at(GuestPtr ptr, uint64_t size, Show show) {
    if (const std::byte* from = call_.memory.at(ptr, size))
      show(from);
    else
      address(ptr);
  }

  template <class T>
  void stored(GuestPtr ptr) {
    at(ptr, sizeof(T), [&](const std::byte* from) { decimal(load<T>(from)); });
  }

  void decimal(uint64_t value) { out_ += std::to_string(value); }
  void signed_decimal(int64_t value) { out_ += std::to_string(value); }

  void address(uint64_t value) {
    char digits[16];
    out_ += "0x";
    out_.append(digits, std::to_chars(digits, std::end(digits), value, 16).ptr);
  }

  void number(uint32_t value, std::span<const std::string_view> names) {
    if (value < names.size())
      out_ += names[value];
    else
      decimal(value);
  }

  void flags(uint64_t value, std::span<const FlagName> names) {
    std::string_view between;
    const auto next = [&] {
      out_ += between;
      between = "|";
    };
    for (const auto& [bit, name] : names) {
      if (!(value & bit)) continue;
      next();
      out_ += name;
      value &= ~bit;
    }
    if (value == 0 && !between.empty()) return;
    next();
    value == 0 ? decimal(0) : address(value);
  }

  void rights(uint64_t value) {
    if (value == rights::kAll) {
      out_ += "ALL";
      return;
    }
    std::array<FlagName, std::size(kRights)> names;
    for (size_t i = 0; i < names.size(); ++i) names[i] = {uint64_t{1} << i, kRights[i]};
    flags(value, names);
  }

  void descriptor(Fd fd) {
    decimal(fd);
    const HandleRef handle = call_.wasi.descriptors().find(fd);
    if (handle && handle->preopen_name) out_ += "<" + *handle->preopen_name + ">";
  }

  void quoted(const std::byte* from, uint64_t length, uint64_t limit) {
    constexpr char kHex[] = "0123456789abcdef";
    out_ += '"';
    for (uint64_t i = 0; i < std::min(length, limit); ++i) {
      const auto byte = static_cast<unsigned char>(from[i]);
      if (byte == '\n') {
        out_ += "\\n";
      } else if (byte < 0x20 || byte >= 0x7f) {
        out_ += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
      } else {
        if (byte == '"' || byte == '\\') out_ += '\\';
        out_ += static_cast<char>(byte);
      }
    }
    out_ += length > limit ? "\"..." : "\"";
  }

  void bytes(GuestPtr ptr, uint64_t length, uint64_t limit) {
    at(ptr, length, [&](const std::byte* from) { quoted(from, length, limit); });
  }

  // How much of an output was written: what the next `*size` says, or all of it.
  uint64_t moved(const Param& output) const {
    for (const Param& param : call_.function.signature) {
      if (param.type != ParamType::OutSize || param.slot < output.slot) continue;
      const std::byte* from = call_.memory.at(call_.word(param.slot), sizeof(GuestSize));
      return from ? load<GuestSize>(from) : 0;
    }
    return output.info().slots == 2 ? call_.word(output.slot + 1u) : 0;
  }

  void iovecs(const Param& param) {
    const uint32_t count = call_.word(param.slot + 1u);
    const std::byte* list = call_.memory.array(call_.word(param.slot), count, layout::kIovec);
    if (!list) return address(call_.word(param.slot));
    uint64_t left = param.is_output() ? moved(param) : UINT64_MAX;
    out_ += '[';
    for (uint32_t i = 0; i < std::min(count, kMaxList); ++i) {
      const auto ptr = load<GuestPtr>(list + uint64_t{i} * layout::kIovec);
      const auto length = load<GuestSize>(list + uint64_t{i} * layout::kIovec + 4);
      out_ += i == 0 ? "{" : ", {";
      bytes(ptr, std::min<uint64_t>(left, length), kMaxText);
      left -= std::min<uint64_t>(left, length);
      out_ += ", ";
      decimal(length);
      out_ += '}';
    }
    out_ += count > kMaxList ? ", ...]" : "]";
  }

  void subscriptions(GuestPtr ptr, uint32_t count) {
    const uint32_t size = layout::subscription_size(call_.snapshot);
    const std::byte* list = call_.memory.array(ptr, count, size);
    if (!list) return address(ptr);
    out_ += '[';
    for (uint32_t i = 0; i < std::min(count, kMaxList); ++i) {
      const std::byte* from = list + uint64_t{i} * size;
      const auto type = load<uint8_t>(from + 8);
      out_ += i == 0 ? "{" : ", {";
      number(type, kEvents);
      out_ += ", ";
      if (type != static_cast<uint8_t>(EventType::Clock)) {
        descriptor(load<Fd>(from + 16));
      } else {
        const std::byte* clock = from + layout::subscription_clock(call_.snapshot);
        number(load<uint32_t>(clock), kClocks);
        out_ += load<uint16_t>(clock + 24) & kSubscriptionClockAbstime ? ", until " : ", ";
        decimal(load<uint64_t>(clock + 8));
      }
      out_ += '}';
    }
    out_ += count > kMaxList ? ", ...]" : "]";
  }

  void events(const Param& param) {
    const auto count = static_cast<uint32_t>(moved(param));
    const std::byte* list = call_.memory.array(call_.word(param.slot), count, layout::kEvent);
    if (!list) return address(call_.word(param.slot));
    out_ += '[';
    for (uint32_t i = 0; i < std::min(count, kMaxList); ++i) {
      const std::byte* from = list + uint64_t{i} * layout::kEvent;
      out_ += i == 0 ? "{" : ", {";
      number(load<uint8_t>(from + 10), kEvents);
      const auto error = load<Errno>(from + 8);
      if (error != Errno::Success) out_.append(", ").append(errno_name(error));
      out_ += '}';
    }
    out_ += count > kMaxList ? ", ...]" : "]";
  }

  void fdstat(GuestPtr ptr) {
    at(ptr, layout::kFdstat, [&](const std::byte* from) {
      out_ += '{';
      number(load<uint8_t>(from), kFiletypes);
      out_ += ", flags=";
      flags(load<uint16_t>(from + 2), kFdflags);
      out_ += ", rights_base=";
      address(load<uint64_t>(from + 8));
      out_ += ", rights_inheriting=";
      address(load<uint64_t>(from + 16));
      out_ += '}';
    });
  }

  void filestat(GuestPtr ptr) {
    at(ptr, layout::filestat_size(call_.snapshot), [&](const std::byte* from) {
      const std::byte* size = from + (call_.snapshot == Snapshot::Preview1 ? 32 : 24);
      out_ += '{';
      number(load<uint8_t>(from + 16), kFiletypes);
      out_ += ", ino=";
      decimal(load<uint64_t>(from + 8));
      out_ += ", size=";
      decimal(load<uint64_t>(size));
      out_ += ", mtim=";
      decimal(load<uint64_t>(size + 16));
      out_ += '}';
    });
  }

  // Arguments and environment.
  void strings() {
    const StringList& list =
        call_.function.use == Use::Arguments ? call_.wasi.arguments() : call_.wasi.environment();
    out_ += '[';
    for (uint32_t i = 0; i < list.count(); ++i) {
      const std::string_view string = list.at(i);
      if (i > 0) out_ += ", ";
      quoted(reinterpret_cast<const std::byte*>(string.data()), string.size(), UINT64_MAX);
    }
    out_ += ']';
  }

  std::string& out_;
  const Call& call_;
};

const Param* first_output(const Signature& signature) {
  return std::ranges::find_if(signature, &Param::is_output);
}

void append_arguments(std::string& text, const Call& call, const Param* from, const Param* to) {
  for (const Param* param = from; param != to; ++param) {
    Writer(text, call).argument(*param);
    if (param + 1 != call.function.signature.end()) text += ", ";
  }
}

}  // namespace

void append_start(std::string& text, const Call& call) {
  const Signature& signature = call.function.signature;
  text.append(call.function.name) += '(';
  append_arguments(text, call, signature.begin(), first_output(signature));
}

void append_rest(std::string& text, const Call& call) {
  const Signature& signature = call.function.signature;
  append_arguments(text, call, first_output(signature), signature.end());
  text += ") = ";
  if (call.trap == runtime::TrapCode::Exit)
    text += '?';
  else if (call.trap != runtime::TrapCode::None)
    text.append("trap: ").append(runtime::trap_message(call.trap));
  else
    text += call.result == Errno::Success ? "0" : errno_name(call.result);
}

}  // namespace wrun::wasi
