#include "cli/script_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json.hpp"

namespace wrun::cli {
namespace {

struct Totals {
  uint64_t scripts = 0;
  uint64_t failed_scripts = 0;
  uint64_t passed = 0;
  uint64_t failed = 0;
  uint64_t other_messages = 0;
  std::vector<ScriptCount> counts;  // by command
};

uint64_t other_messages(const ScriptReport& report) {
  return static_cast<uint64_t>(std::ranges::count(report.events, false, &ScriptEvent::failed));
}

Totals add_up(const ScriptResults& results) {
  Totals totals;
  for (const ScriptResult& result : results) {
    ++totals.scripts;
    totals.failed_scripts += !result.passed();
    if (!result.report) continue;
    totals.passed += result.report->passed();
    totals.failed += result.report->failed();
    totals.other_messages += other_messages(*result.report);
    for (const ScriptCount& count : result.report->counts) {
      auto sum = std::ranges::find(totals.counts, count.command, &ScriptCount::command);
      if (sum == totals.counts.end()) sum = totals.counts.insert(sum, {count.command, 0, 0});
      sum->passed += count.passed;
      sum->failed += count.failed;
    }
  }
  return totals;
}

std::string counts_text(const std::vector<ScriptCount>& counts) {
  std::string text;
  for (const ScriptCount& count : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count.command,
                        count.passed + count.failed);
    if (count.failed != 0) text += fmt::format(" ({} failed)", count.failed);
  }
  return text;
}

std::string event_text(const std::string& file, const ScriptEvent& event) {
  return fmt::format("{}:{}:{}: {}{}\n    expected {}\n    got      {}\n", file, event.line,
                     event.column, event.command, event.failed ? "" : ", in other words",
                     printable(event.expected), printable(event.got));
}

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : printable(text)) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default:  escaped += c;
    }
  }
  return escaped;
}

void add_counts(JsonWriter& json, const std::vector<ScriptCount>& counts) {
  json.key("commands");
  json.begin_object();
  for (const ScriptCount& count : counts) {
    json.key(count.command);
    json.begin_object();
    json.member("passed", uint64_t{count.passed});
    json.member("failed", uint64_t{count.failed});
    json.end_object();
  }
  json.end_object();
}

void add_events(JsonWriter& json, std::string_view key, const ScriptReport& report, bool failed) {
  json.key(key);
  json.begin_array();
  for (const ScriptEvent& event : report.events) {
    if (event.failed != failed) continue;
    json.begin_object();
    json.member("command", event.command);
    json.member("line", uint64_t{event.line});
    json.member("column", uint64_t{event.column});
    json.member("expected", event.expected);
    json.member("got", event.got);
    json.end_object();
  }
  json.end_array();
}

void add_result(JsonWriter& json, const ScriptResult& result) {
  json.begin_object();
  json.member("file", result.file);
  json.member("features", result.features);
  json.member("seconds", result.time.count());
  json.member("status", result.passed() ? "passed" : "failed");
  if (!result.report) {
    json.member("error", result.report.error().message);
  } else {
    json.member("passed", result.report->passed());
    json.member("failed", result.report->failed());
    add_counts(json, result.report->counts);
    add_events(json, "failures", *result.report, true);
    add_events(json, "other_messages", *result.report, false);
  }
  json.end_object();
}

}  // namespace

std::string script_text(const ScriptResults& results, bool verbose) {
  std::string text;
  for (const ScriptResult& result : results) {
    const std::string_view status = result.passed() ? "passed" : "FAILED";
    if (!result.report) {
      text += fmt::format("{} {}\n{}\n", status, result.file, result.report.error().message);
      continue;
    }
    text += fmt::format("{} {}: {}\n", status, result.file, counts_text(result.report->counts));
    for (const ScriptEvent& event : result.report->events)
      if (event.failed || verbose) text += event_text(result.file, event);
  }
  const Totals totals = add_up(results);
  text += fmt::format("{} scripts, {} failed; {} commands passed, {} failed", totals.scripts,
                      totals.failed_scripts, totals.passed, totals.failed);
  if (totals.other_messages != 0)
    text += fmt::format(", {} refused in other words", totals.other_messages);
  text += '\n';
  if (!totals.counts.empty()) text += fmt::format("{}\n", counts_text(totals.counts));
  return text;
}

std::string script_json(const ScriptResults& results) {
  const Totals totals = add_up(results);
  JsonWriter json;
  json.begin_object();
  json.key("scripts");
  json.begin_array();
  for (const ScriptResult& result : results) add_result(json, result);
  json.end_array();
  json.key("total");
  json.begin_object();
  json.member("scripts", totals.scripts);
  json.member("failed_scripts", totals.failed_scripts);
  json.member("passed", totals.passed);
  json.member("failed", totals.failed);
  json.member("other_messages", totals.other_messages);
  add_counts(json, totals.counts);
  json.end_object();
  json.end_object();
  return json.take();
}

std::string script_junit(const ScriptResults& results) {
  const Totals totals = add_up(results);
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      "<testsuite name=\"wast\" tests=\"{}\" failures=\"{}\">\n",
      totals.scripts, totals.failed_scripts);
  for (const ScriptResult& result : results) {
    xml += fmt::format("<testcase name=\"{}\" time=\"{:.3f}\"", xml_escaped(result.file),
                       result.time.count());
    if (result.passed()) {
      xml += "/>\n";
      continue;
    }
    std::string details;
    if (!result.report) {
      details = result.report.error().message;
    } else {
      for (const ScriptEvent& event : result.report->events)
        if (event.failed) details += event_text(result.file, event);
    }
    const std::string message = result.report
                                    ? fmt::format("{} commands failed", result.report->failed())
                                    : "the script cannot be read";
    xml += fmt::format("><failure message=\"{}\">", message);
    for (size_t begin = 0; begin < details.size();) {
      const size_t end = std::min(details.find('\n', begin), details.size());
      xml += xml_escaped(std::string_view(details).substr(begin, end - begin)) + '\n';
      begin = end + 1;
    }
    xml += "</failure></testcase>\n";
  }
  return xml + "</testsuite>\n</testsuites>\n";
}

}  // namespace wrun::cli
