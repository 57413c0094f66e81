// `wrun compile`: modules to files of machine code.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "cli/commands.hpp"
#include "cli/file_names.hpp"
#include "cli/load.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "wrun/listing.hpp"

namespace wrun::cli {
namespace {

using Profile = decltype(CompileOptions::profile);

// A bar on a terminal, once it is clear that it takes a while.
class ProgressBar {
 public:
  explicit ProgressBar(const std::string& file)
      : file_(file), is_shown_(::isatty(STDERR_FILENO) != 0) {}
  ~ProgressBar() {
    if (was_drawn_) print_error("\r\x1b[K");
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(size_t done, size_t all) {
    const auto now = Clock::now();
    if (!is_shown_ || now - begin_ < kSilence || drawing_.exchange(true)) return;
    if (now - drawn_ >= kInterval) {
      drawn_ = now;
      was_drawn_ = true;
      constexpr size_t kWidth = 40;
      const size_t filled = done * kWidth / all;
      print_error(fmt::format("\r{} [{:=<{}}{: <{}}] {:3}%", file_, "", filled, "", kWidth - filled,
                              done * 100 / all));
    }
    drawing_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr auto kSilence = std::chrono::milliseconds(500);
  static constexpr auto kInterval = std::chrono::milliseconds(100);

  const std::string& file_;
  const bool is_shown_;
  const Clock::time_point begin_ = Clock::now();
  std::atomic<bool> drawing_ = false;
  Clock::time_point drawn_;
  bool was_drawn_ = false;
};

// app.wasm and app.wat become app.cwasm.
std::string output_name(const std::string& input, Emit emit) {
  const char* ending = emit == Emit::Listing ? ".asm" : emit == Emit::Object ? ".o" : ".cwasm";
  return std::string(without_ending(input, {".wasm", ".wat"})) + ending;
}

bool report_failure(const std::string& input, const Error& error) {
  report_error(fmt::format("cannot compile `{}`: {}", input, error.message));
  return false;
}

bool emit_listing(const Module& module, const std::string& input, const std::string& output,
                  const Options& options, const Profile& profile) {
  OutputFile file(output);
  const auto listed = list_code(module, {.processor = options.target, .profile = profile},
                                [&](std::string_view text) { return file.write(text); });
  return listed ? file.commit() : report_failure(input, listed.error());
}

bool emit_code(const Module& module, const std::string& input, const std::string& output,
               const Options& options, const Profile& profile) {
  const auto write = [&](const auto& code) {
    if (!code) return report_failure(input, code.error());
    return write_file(output, {reinterpret_cast<const char*>(code->data()), code->size()});
  };
  const auto compile_with_progress = [&](auto compile) {
    ProgressBar bar(input);
    return compile(
        module, CompileOptions{.embed_wasm = options.embed_wasm,
                               .processor = options.target,
                               .profile = profile,
                               .progress = [&](size_t done, size_t all) { bar.show(done, all); }});
  };
  return options.emit == Emit::Object ? write(compile_with_progress(&compile_object))
                                      : write(compile_with_progress(&wrun::compile));
}

bool compile_file(const Engine& engine, const std::string& input, const std::string& output,
                  const Options& options, const Profile& profile) {
  const auto module = load_or_report(engine, input);
  if (!module) return false;
  return options.emit == Emit::Listing ? emit_listing(*module, input, output, options, profile)
                                       : emit_code(*module, input, output, options, profile);
}

}  // namespace

int compile(const Options& options) {
  if (options.output && options.arguments.size() != 1) {
    report_error("-o is for one file; without it, `app.wasm` becomes `app.cwasm`");
    return kBadUsage;
  }
  if (options.output == "-" && options.emit != Emit::Listing && ::isatty(STDOUT_FILENO)) {
    report_error("machine code is not for a terminal; -o FILE writes it to a file");
    return kBadUsage;
  }
  const auto engine = engine_for_kept_code(options);
  if (!engine) return kBadUsage;
  std::optional<FileContents> profile_file;
  if (!read_profile_or_report(options, profile_file)) return kFailure;
  const auto profile = bytes_of(profile_file);
  bool ok = true;
  for (const std::string& input : options.arguments)
    ok &= compile_file(*engine, input,
                       options.output ? *options.output : output_name(input, options.emit), options,
                       profile);
  return ok ? kSuccess : kFailure;
}

}  // namespace wrun::cli
