// poll_oneoff: waits for clocks and descriptors at once.
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "wasi/preview1.hpp"

namespace wrun::wasi {
namespace {

// What poll(2) itself may be limited to; a guest has no use for more than two a descriptor and some
// clocks.
constexpr GuestSize kMaxSubscriptions = 1 << 16;

struct Subscription {
  uint64_t userdata = 0;
  EventType type = EventType::Clock;
  Clock clock = Clock::Monotonic;
  uint64_t deadline = 0;  // of that clock
  HandleRef handle;       // FdRead and FdWrite
};

struct Event {
  Errno error = Errno::Success;
  uint64_t bytes = 0;
  uint16_t flags = 0;
};

bool is_always_ready(const Subscription& subscription) {
  return subscription.handle && subscription.handle->file->host() < 0;
}

// How much can be read without waiting, as far as that is known.
uint64_t readable_bytes(const Handle& handle) {
  if (handle.type == Filetype::RegularFile) {
    const auto position = handle.file->seek(0, SEEK_CUR);
    const auto metadata = handle.file->metadata();
    return position && metadata && metadata->size > *position ? metadata->size - *position : 0;
  }
  int bytes = 0;
  return ::ioctl(handle.file->host(), FIONREAD, &bytes) == 0 && bytes > 0
             ? static_cast<uint64_t>(bytes)
             : 0;
}

Event event_of(const Subscription& subscription, short revents) {
  Event event;
  if (revents & POLLNVAL) event.error = Errno::Badf;
  if (revents & POLLHUP) event.flags |= kEventFdReadwriteHangup;
  if (subscription.type == EventType::FdRead && event.error == Errno::Success)
    event.bytes = readable_bytes(*subscription.handle);
  return event;
}

void store_event(std::byte* out, const Subscription& subscription, const Event& event) {
  std::memset(out, 0, layout::kEvent);
  store<uint64_t>(out, subscription.userdata);
  store<Errno>(out + 8, event.error);
  store<EventType>(out + 10, subscription.type);
  store<uint64_t>(out + 16, event.bytes);
  store<uint16_t>(out + 24, event.flags);
}

uint64_t add_saturating(uint64_t a, uint64_t b) {
  uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

// For `count` elements, on the stack if they are few.
template <class T>
class Scratch {
 public:
  explicit Scratch(size_t count) : size_(count) {
    if (count > few_.size()) many_ = std::make_unique<T[]>(count);
  }
  std::span<T> get() { return {many_ ? many_.get() : few_.data(), size_}; }

 private:
  std::array<T, 16> few_;
  std::unique_ptr<T[]> many_;
  size_t size_;
};

// Reads one subscription; relative deadlines become absolute.
template <Snapshot kSnapshot>
Errno parse(const std::byte* in, Effects& effects, const FdTable& descriptors, Subscription& out) {
  out.userdata = load<uint64_t>(in);
  out.type = load<EventType>(in + 8);
  switch (out.type) {
    case EventType::FdRead:
    case EventType::FdWrite:
      out.handle = descriptors.find(load<Fd>(in + 16));
      return out.handle ? Errno::Success : Errno::Badf;
    case EventType::Clock: break;
    default:               return Errno::Inval;
  }
  const std::byte* clock = in + layout::subscription_clock(kSnapshot);
  out.clock = load<Clock>(clock);
  out.deadline = load<uint64_t>(clock + 8);
  const auto flags = load<uint16_t>(clock + 24);
  if (flags & ~kSubscriptionClockAbstime) return Errno::Inval;
  switch (out.clock) {
    case Clock::Realtime:
    case Clock::Monotonic: break;
    case Clock::ProcessCputime:
    case Clock::ThreadCputime:
      return Errno::Notsup;  // who waits spends no processor time: it would stand still
    default: return Errno::Inval;
  }
  if (!(flags & kSubscriptionClockAbstime)) {
    out.clock = Clock::Monotonic;  // a span of time ends when it ends, even if the date is set
    out.deadline = add_saturating(WRUN_WASI_TRY(effects.now(out.clock)), out.deadline);
  }
  return Errno::Success;
}

// What ppoll(2) is to look at; it passes over entries with a negative descriptor.
pollfd pollfd_of(const Subscription& subscription) {
  if (subscription.type == EventType::Clock) return {-1, 0, 0};
  const short events = subscription.type == EventType::FdRead ? POLLIN : POLLOUT;
  return {subscription.handle->file->host(), events, 0};
}

// Nanoseconds until the first clock is due; empty if there is none.
Expected<std::optional<uint64_t>> time_left(std::span<const Subscription> subscriptions,
                                            Effects& effects) {
  std::optional<uint64_t> result;
  for (const Subscription& subscription : subscriptions) {
    if (subscription.type != EventType::Clock) continue;
    const uint64_t now = WRUN_WASI_TRY(effects.now(subscription.clock));
    const uint64_t left = subscription.deadline > now ? subscription.deadline - now : 0;
    result = std::min(result.value_or(UINT64_MAX), left);
  }
  return result;
}

// Stores what has happened; returns how much.
Expected<GuestSize> store_events(std::span<const Subscription> subscriptions,
                                 std::span<const pollfd> fds, Effects& effects, std::byte* out) {
  GuestSize count = 0;
  for (size_t i = 0; i < subscriptions.size(); ++i) {
    const Subscription& subscription = subscriptions[i];
    bool happened = fds[i].revents != 0 || is_always_ready(subscription);
    if (subscription.type == EventType::Clock)
      happened = WRUN_WASI_TRY(effects.now(subscription.clock)) >= subscription.deadline;
    if (!happened) continue;
    store_event(out + uint64_t{count++} * layout::kEvent, subscription,
                event_of(subscription, fds[i].revents));
  }
  return count;
}

}  // namespace

template <Snapshot kSnapshot>
Errno Preview1::poll_oneoff(GuestPtr in, GuestPtr out, GuestSize nsubscriptions, GuestPtr nevents) {
  constexpr uint32_t kSize = layout::subscription_size(kSnapshot);
  const std::byte* list = memory_.array(in, nsubscriptions, kSize);
  std::byte* events = memory_.array(out, nsubscriptions, layout::kEvent);
  std::byte* count_out = memory_.at(nevents, sizeof(GuestSize));
  if (!list || !events || !count_out) return fault();
  if (nsubscriptions == 0 || nsubscriptions > kMaxSubscriptions) return Errno::Inval;

  Scratch<Subscription> subscriptions(nsubscriptions);
  Scratch<pollfd> fds(nsubscriptions);
  bool any_fd = false;
  bool ready_at_once = false;
  for (GuestSize i = 0; i < nsubscriptions; ++i) {
    Subscription& subscription = subscriptions.get()[i];
    WRUN_WASI_CHECK(parse<kSnapshot>(list + uint64_t{i} * kSize, wasi_.effects(),
                                     wasi_.descriptors(), subscription));
    fds.get()[i] = pollfd_of(subscription);
    any_fd |= subscription.type != EventType::Clock;
    ready_at_once |= is_always_ready(subscription);
  }
  const std::span<pollfd> waited = any_fd ? fds.get() : std::span<pollfd>();

  for (;;) {
    std::optional<uint64_t> timeout =
        WRUN_WASI_TRY(time_left(subscriptions.get(), wasi_.effects()));
    if (ready_at_once) timeout = 0;
    if (any_fd || timeout != 0) {
      const Expected<uint32_t> ready = wasi_.effects().wait(waited, timeout);
      if (!ready && ready.error() != Errno::Intr) return ready.error();
      if (!ready && store_.interrupted()) return interrupted();
      if (!ready) continue;
    }
    const GuestSize count =
        WRUN_WASI_TRY(store_events(subscriptions.get(), fds.get(), wasi_.effects(), events));
    if (count == 0) continue;
    store<GuestSize>(count_out, count);
    return Errno::Success;
  }
}

template Errno Preview1::poll_oneoff<Snapshot::Preview1>(GuestPtr, GuestPtr, GuestSize, GuestPtr);
template Errno Preview1::poll_oneoff<Snapshot::Unstable>(GuestPtr, GuestPtr, GuestSize, GuestPtr);

}  // namespace wrun::wasi
