#include "wasi/call_memory.hpp"

#include <algorithm>

#include "wasi/wasi.hpp"

namespace wrun::wasi {
namespace {

// FNV-1a, over words where it can.
class Hash {
 public:
  void add(const std::byte* bytes, uint64_t size) {
    uint64_t at = 0;
    for (; at + 8 <= size; at += 8) mix(load<uint64_t>(bytes + at));
    for (; at < size; ++at) mix(static_cast<uint64_t>(bytes[at]));
    mix(size);
  }
  uint64_t get() const { return value_; }

 private:
  void mix(uint64_t word) {
    value_ = (value_ ^ word) * 0x100000001b3;
    value_ ^= value_ >> 32;
  }
  uint64_t value_ = 0xcbf29ce484222325;
};

// The pieces of a scatter/gather list, up to `limit` bytes or the first that is out of bounds.
void for_each_piece(const Call& call, const Param& list, uint64_t limit, const PieceSink& sink) {
  const uint32_t count = call.word(list.slot + 1u);
  const std::byte* elements = call.memory.array(call.word(list.slot), count, layout::kIovec);
  if (!elements) return;
  for (uint32_t i = 0; i < count && limit > 0; ++i) {
    const auto ptr = load<GuestPtr>(elements + uint64_t{i} * layout::kIovec);
    const auto size =
        std::min<uint64_t>(limit, load<GuestSize>(elements + uint64_t{i} * layout::kIovec + 4));
    if (size == 0) continue;
    if (!call.memory.at(ptr, size)) return;
    sink(ptr, static_cast<GuestSize>(size));
    limit -= size;
  }
}

uint64_t element_size(const Call& call, ParamType type) {
  switch (type) {
    case ParamType::OutDescriptor:
    case ParamType::OutSize:       return sizeof(GuestSize);
    case ParamType::OutTimestamp:
    case ParamType::OutFilesize:   return sizeof(uint64_t);
    case ParamType::OutRoflags:    return sizeof(uint16_t);
    case ParamType::OutFdstat:     return layout::kFdstat;
    case ParamType::OutFilestat:   return layout::filestat_size(call.snapshot);
    case ParamType::OutPrestat:    return layout::kPrestat;
    default:                       return 0;
  }
}

// How much the list or buffer received: what the next `*size` says, if the call succeeded.
uint64_t moved(const Call& call, const Param& output) {
  if (!call.succeeded()) return UINT64_MAX;
  for (const Param& param : call.function.signature) {
    if (param.type != ParamType::OutSize || param.slot < output.slot) continue;
    const std::byte* from = call.memory.at(call.word(param.slot), sizeof(GuestSize));
    return from ? load<GuestSize>(from) : 0;
  }
  return UINT64_MAX;
}

}  // namespace

uint64_t input_hash(const Call& call) {
  Hash hash;
  const auto add = [&](GuestPtr ptr, uint64_t size) {
    if (const std::byte* bytes = call.memory.at(ptr, size)) hash.add(bytes, size);
  };
  for (const Param& param : call.function.signature) {
    const uint32_t ptr = call.word(param.slot);
    switch (param.type) {
      case ParamType::Path: add(ptr, call.word(param.slot + 1u)); break;
      case ParamType::OutIovecs:
        add(ptr, uint64_t{call.word(param.slot + 1u)} * layout::kIovec);
        break;
      case ParamType::Iovecs:
        add(ptr, uint64_t{call.word(param.slot + 1u)} * layout::kIovec);
        for_each_piece(call, param, UINT64_MAX, add);
        break;
      case ParamType::Subscriptions:
        add(ptr, uint64_t{call.word(param.slot + 2u)} * layout::subscription_size(call.snapshot));
        break;
      default: break;
    }
  }
  return hash.get();
}

void for_each_output(const Call& call, const PieceSink& sink) {
  const auto piece = [&](GuestPtr ptr, uint64_t size) {
    if (size > 0 && call.memory.at(ptr, size)) sink(ptr, static_cast<GuestSize>(size));
  };
  const StringList& strings =
      call.function.use == Use::Arguments ? call.wasi.arguments() : call.wasi.environment();
  for (const Param& param : call.function.signature) {
    const uint32_t ptr = call.word(param.slot);
    switch (param.type) {
      case ParamType::OutIovecs: for_each_piece(call, param, moved(call, param), sink); break;
      case ParamType::OutBytes:
        piece(ptr, std::min<uint64_t>(call.word(param.slot + 1u), moved(call, param)));
        break;
      case ParamType::OutEvents:
        piece(ptr,
              std::min<uint64_t>(call.word(param.slot + 1u), moved(call, param)) * layout::kEvent);
        break;
      case ParamType::OutPointers: piece(ptr, uint64_t{strings.count()} * sizeof(GuestPtr)); break;
      case ParamType::OutStrings:  piece(ptr, strings.bytes().size()); break;
      default:                     piece(ptr, element_size(call, param.type)); break;
    }
  }
}

void for_each_input_piece(const Call& call, uint64_t limit, const PieceSink& sink) {
  for (const Param& param : call.function.signature)
    if (param.type == ParamType::Iovecs) for_each_piece(call, param, limit, sink);
}

}  // namespace wrun::wasi
