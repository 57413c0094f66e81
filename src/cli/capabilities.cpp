#include "cli/capabilities.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wrun/printable.hpp"

namespace wrun::cli {
namespace {

std::string name_of(const GrantUse& use) {
  const std::string name = printable(use.guest);
  if (use.kind == GrantUse::Kind::Directory)
    return fmt::format("directory {} as {}{}", printable(use.host), name,
                       use.read_only ? ", read-only" : "");
  return use.kind == GrantUse::Kind::Listener ? fmt::format("connections to {}", name) : name;
}

std::string use_of(const GrantUse& use) {
  std::string text;
  const auto add = [&](uint64_t count, std::string_view what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, count);
  };
  add(use.looks, "looked at");
  add(use.reads, "read");
  add(use.changes, use.kind == GrantUse::Kind::Directory ? "changed" : "written");
  add(use.refusals, "refused");
  if (text.empty()) return "not used";
  const bool changeable = use.kind == GrantUse::Kind::Directory && !use.read_only;
  return changeable && use.changes == 0 ? text + "; ::ro would do" : text;
}

}  // namespace

std::string describe_capabilities(std::span<const GrantUse> uses) {
  size_t width = 0;
  for (const GrantUse& use : uses) width = std::max(width, name_of(use).size());
  std::string text = "capabilities, and in how many calls they were used:\n";
  for (const GrantUse& use : uses)
    text += fmt::format("  {:<{}}  {}\n", name_of(use), width, use_of(use));
  return text;
}

}  // namespace wrun::cli
