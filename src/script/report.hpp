// What became of the commands of a script.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "text/error.hpp"

namespace wrun::script {

enum class CommandKind : uint8_t {
#define WRUN_COMMAND(id, name) id,
#include "script/commands.def"
#undef WRUN_COMMAND
};

inline constexpr std::string_view kCommandNames[] = {
#define WRUN_COMMAND(id, name) name,
#include "script/commands.def"
#undef WRUN_COMMAND
};
inline constexpr size_t kCommandKinds = std::size(kCommandNames);

// What a command did, and what the script wants of it.
struct Verdict {
  enum class Status : uint8_t {
    Passed,
    OtherMessage,  // refused for the right reason, but in other words than the script has
    Failed,
  };
  Status status = Status::Passed;
  std::string expected = {};
  std::string got = {};

  static Verdict passed() { return {}; }
  static Verdict failed(std::string expected, std::string got) {
    return {Status::Failed, std::move(expected), std::move(got)};
  }
};

// A command that did not simply pass.
struct Event {
  CommandKind kind;
  text::Position position;
  Verdict verdict;
};

struct Report {
  struct Count {
    uint32_t passed = 0;
    uint32_t failed = 0;
  };
  std::array<Count, kCommandKinds> counts = {};
  std::vector<Event> events;  // in the order of the script

  void add(CommandKind kind, text::Position position, Verdict verdict) {
    Count& count = counts[static_cast<size_t>(kind)];
    ++(verdict.status == Verdict::Status::Failed ? count.failed : count.passed);
    if (verdict.status != Verdict::Status::Passed)
      events.push_back({kind, position, std::move(verdict)});
  }
  void add(Report other) {
    for (size_t i = 0; i < kCommandKinds; ++i) {
      counts[i].passed += other.counts[i].passed;
      counts[i].failed += other.counts[i].failed;
    }
    std::ranges::move(other.events, std::back_inserter(events));
  }
};

}  // namespace wrun::script
