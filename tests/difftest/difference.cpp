#include "difftest/difference.hpp"

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "difftest/generator.hpp"
#include "difftest/observation.hpp"

namespace wrun::difftest {
namespace {

std::string difference(const Observation& expected, const Observation& found, const Way& way) {
  if (expected.problem != found.problem)
    return "with " + std::string(way.name) + ": '" + found.problem + "', not '" + expected.problem +
           "'";
  for (size_t i = 0; i < expected.lines.size(); ++i)
    if (expected.lines[i] != found.lines[i])
      return "with " + std::string(way.name) + (i == 0 ? "" : ", after " + expected.lines[i - 1]) +
             "\n  " + found.lines[i] + "\n  and not\n  " + expected.lines[i];
  return {};
}

}  // namespace

Comparison compare(std::span<const std::byte> module, bool apart) {
  Comparison result;
  for (const std::vector<Way>& ways : way_sets()) {
    const Observation expected = observe(module, ways[0], apart);
    result.problem = expected.problem;
    for (const Call& call : expected.calls) {
      ++result.calls;
      if (call.trap) ++result.traps;
    }
    for (size_t i = 1; i < ways.size() && result.difference.empty(); ++i) {
      const Observation found = observe(module, ways[i], apart);
      if (ways[i].config.tier == engine::Tier::Optimizing) {
        result.functions += found.functions;
        result.compiled_functions += found.compiled_functions;
      }
      result.difference = difference(expected, found, ways[i]);
    }
  }
  return result;
}

std::string compare_safely(std::span<const std::byte> module, bool apart) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    const itimerval limit = {
        {},
        {kSecondsPerModule, 0}
    };
    setitimer(ITIMER_PROF, &limit, nullptr);
    const Comparison result = compare(module, apart);
    const bool must_run = !apart;  // one of ours
    const std::string& text =
        result.problem.empty() || !must_run ? result.difference : result.problem;
    const ssize_t written = write(ends[1], text.data(), std::min<size_t>(text.size(), 4096));
    _exit(written < 0 ? 1 : 0);
  }
  close(ends[1]);
  std::string text(4096, 0);
  const ssize_t length = read(ends[0], text.data(), text.size());
  text.resize(length < 0 ? 0 : static_cast<size_t>(length));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return std::string("the process ends: ") + strsignal(WTERMSIG(status));
  return text;
}

namespace {

bool still_differs(const std::vector<uint64_t>& choices) {
  Choices replayed(choices);
  return !compare_safely(generate_module(replayed, false), false).empty();
}

// Leaves out stretches of `length`, wherever that can be done.
bool cut(std::vector<uint64_t>& choices, size_t length) {
  bool changed = false;
  for (size_t at = choices.size() / length * length + length; at >= length;) {
    at -= length;
    if (at >= choices.size()) continue;
    std::vector<uint64_t> shorter = choices;
    const auto begin = shorter.begin() + static_cast<ptrdiff_t>(at);
    shorter.erase(begin, begin + static_cast<ptrdiff_t>(std::min(length, choices.size() - at)));
    if (!still_differs(shorter)) continue;
    choices = std::move(shorter);
    changed = true;
  }
  return changed;
}

bool make_zero(std::vector<uint64_t>& choices, size_t length) {
  bool changed = false;
  for (size_t at = 0; at < choices.size(); at += length) {
    std::vector<uint64_t> simpler = choices;
    const auto begin = simpler.begin() + static_cast<ptrdiff_t>(at);
    std::fill_n(begin, std::min(length, choices.size() - at), 0);
    if (simpler == choices || !still_differs(simpler)) continue;
    choices = std::move(simpler);
    changed = true;
  }
  return changed;
}

}  // namespace

std::vector<uint64_t> reduce(std::vector<uint64_t> choices) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t length = std::max<size_t>(1, choices.size() / 2); length > 0; length /= 2) {
      changed |= cut(choices, length);
      changed |= make_zero(choices, length);
    }
  }
  return choices;
}

}  // namespace wrun::difftest
