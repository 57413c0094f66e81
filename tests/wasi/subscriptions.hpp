// What a guest passes to poll_oneoff.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest.hpp"

namespace wrun::wasi::test {

inline constexpr uint32_t kRealtime = 0;
inline constexpr uint32_t kMonotonic = 1;
inline constexpr uint64_t kMillisecond = 1'000'000;

struct Event {
  uint64_t userdata;
  Errno error;
  EventType type;
  uint64_t bytes;
  uint16_t flags;
};

// Subscriptions in the making.
class Subscriptions {
 public:
  explicit Subscriptions(Snapshot snapshot = kPreview1) : snapshot_(snapshot) {}
  Subscriptions& clock(uint64_t userdata, uint32_t id, uint64_t timeout, uint16_t flags = 0) {
    std::string& entry = add(userdata, EventType::Clock);
    const size_t at = layout::subscription_clock(snapshot_);
    put(entry, at, id);
    put(entry, at + 8, timeout);
    put(entry, at + 24, flags);
    return *this;
  }
  Subscriptions& fd(uint64_t userdata, EventType type, Fd fd) {
    put(add(userdata, type), 16, fd);
    return *this;
  }

  Errno poll(Guest& guest) {
    std::string bytes;
    for (const std::string& entry : entries_) bytes += entry;
    const GuestPtr in = guest.put(bytes);
    const GuestPtr out = guest.put(std::string(entries_.size() * 32, '#'));
    const auto member = snapshot_ == kPreview1 ? &Preview1::poll_oneoff<kPreview1>
                                               : &Preview1::poll_oneoff<kUnstable>;
    const Errno error = guest.call(member, in, out, entries_.size(), Guest::kResult);
    events.clear();
    if (error != Errno::Success) return error;
    for (uint32_t i = 0; i < guest.get<GuestSize>(Guest::kResult); ++i) {
      const GuestPtr at = out + 32 * i;
      events.push_back({guest.get<uint64_t>(at), guest.get<Errno>(at + 8),
                        guest.get<EventType>(at + 10), guest.get<uint64_t>(at + 16),
                        guest.get<uint16_t>(at + 24)});
    }
    return error;
  }

  std::vector<Event> events;

 private:
  std::string& add(uint64_t userdata, EventType type) {
    entries_.emplace_back(layout::subscription_size(snapshot_), '\0');
    put(entries_.back(), 0, userdata);
    put(entries_.back(), 8, type);
    return entries_.back();
  }
  template <class T>
  static void put(std::string& entry, size_t at, T value) {
    std::memcpy(&entry[at], &value, sizeof value);
  }

  Snapshot snapshot_;
  std::vector<std::string> entries_;
};

}  // namespace wrun::wasi::test
