// The parameters of preview 1's functions: what they mean, and how they are passed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wrun::wasi {

// What a parameter is: its name in preview1.def, how many slots it takes, and the width of the first.
// Those of two slots are a pointer and a number of elements.
#define WRUN_WASI_PARAM_TYPES(X)                                                         \
  X(Descriptor, "fd", 1, 32)                                                             \
  X(Size, "size", 1, 32)                                                                 \
  X(Exitcode, "exitcode", 1, 32)                                                         \
  X(Signal, "signal", 1, 32)                                                             \
  X(Clockid, "clockid", 1, 32)                                                           \
  X(Advice, "advice", 1, 32)                                                             \
  X(Whence, "whence", 1, 32)                                                             \
  X(Lookupflags, "lookupflags", 1, 32)                                                   \
  X(Oflags, "oflags", 1, 32)                                                             \
  X(Fdflags, "fdflags", 1, 32)                                                           \
  X(Fstflags, "fstflags", 1, 32)                                                         \
  X(Riflags, "riflags", 1, 32)                                                           \
  X(Siflags, "siflags", 1, 32)                                                           \
  X(Sdflags, "sdflags", 1, 32)                                                           \
  X(Timestamp, "timestamp", 1, 64)                                                       \
  X(Filesize, "filesize", 1, 64)                                                         \
  X(Filedelta, "filedelta", 1, 64)                                                       \
  X(Rights, "rights", 1, 64)                                                             \
  X(Cookie, "cookie", 1, 64)                                                             \
  X(Path, "path", 2, 32)                                                                 \
  X(Iovecs, "iovecs", 2, 32)                                                             \
  X(Subscriptions, "subscriptions", 1, 32) /* as many as the slot after the next says */ \
  X(OutDescriptor, "*fd", 1, 32)                                                         \
  X(OutSize, "*size", 1, 32)                                                             \
  X(OutTimestamp, "*timestamp", 1, 32)                                                   \
  X(OutFilesize, "*filesize", 1, 32)                                                     \
  X(OutRoflags, "*roflags", 1, 32)                                                       \
  X(OutFdstat, "*fdstat", 1, 32)                                                         \
  X(OutFilestat, "*filestat", 1, 32)                                                     \
  X(OutPrestat, "*prestat", 1, 32)                                                       \
  X(OutEvents, "*events", 1, 32)     /* room for as many as the next slot says */        \
  X(OutPointers, "*pointers", 1, 32) /* to what the next parameter receives */           \
  X(OutStrings, "*strings", 1, 32)                                                       \
  X(OutBytes, "*bytes", 2, 32)                                                           \
  X(OutIovecs, "*iovecs", 2, 32)

enum class ParamType : uint8_t {
#define WRUN_WASI_TYPE(id, name, slots, bits) id,
  WRUN_WASI_PARAM_TYPES(WRUN_WASI_TYPE)
#undef WRUN_WASI_TYPE
};

struct ParamTypeInfo {
  std::string_view name;
  uint8_t slots;
  uint8_t bits;
};
inline constexpr ParamTypeInfo kParamTypes[] = {
#define WRUN_WASI_TYPE(id, name, slots, bits) {name, slots, bits},
    WRUN_WASI_PARAM_TYPES(WRUN_WASI_TYPE)
#undef WRUN_WASI_TYPE
};
#undef WRUN_WASI_PARAM_TYPES

struct Param {
  ParamType type = ParamType::Descriptor;
  uint8_t slot = 0;
  std::string_view name = {};

  constexpr const ParamTypeInfo& info() const { return kParamTypes[static_cast<size_t>(type)]; }
  constexpr bool is_output() const { return info().name.starts_with('*'); }
};

struct Signature {
  static constexpr size_t kMaxParams = 8;
  static constexpr size_t kMaxSlots = 9;

  std::array<Param, kMaxParams> params = {};
  uint8_t param_count = 0;
  uint8_t slot_count = 0;
  std::array<uint8_t, kMaxSlots> slot_bits = {};

  constexpr const Param* begin() const { return params.data(); }
  constexpr const Param* end() const { return params.data() + param_count; }
};

// "fd fd, *bytes buf"; compile-time only, where anything else does not compile.
consteval Signature parse_signature(std::string_view text) {
  Signature result;
  while (!text.empty()) {
    const size_t end = text.find(", ");
    const std::string_view one = text.substr(0, end);
    text = end == text.npos ? "" : text.substr(end + 2);
    const size_t space = one.find(' ');
    size_t type = 0;
    while (kParamTypes[type].name != one.substr(0, space)) ++type;
    Param& param = result.params[result.param_count++];
    param = {static_cast<ParamType>(type), result.slot_count, one.substr(space + 1)};
    for (uint8_t i = 0; i < param.info().slots; ++i)
      result.slot_bits[result.slot_count++] = param.info().bits;
  }
  return result;
}

}  // namespace wrun::wasi
