// Compares the tiers with each other on modules that are generated or in files. See usage().
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "difftest/difference.hpp"
#include "difftest/generator.hpp"
#include "difftest/observation.hpp"
#include "difftest/script.hpp"

using namespace wrun;
using namespace wrun::difftest;

namespace {

struct Options {
  uint64_t seed = 1;
  uint64_t count = 1000;
  double seconds = 0;
  std::string folder = ".";
  std::vector<std::string> files = {};
};

int usage() {
  std::fputs(
      "usage: wrun_difftest run --seed N [--count N | --seconds N] [--out FOLDER]\n"
      "       wrun_difftest emit --seed N --out FILE       the module of a seed\n"
      "       wrun_difftest script --seed N --count N      for other engines, as .wast\n"
      "       wrun_difftest script FILE...                 the same for modules in files\n"
      "       wrun_difftest show FILE                      what the interpreter makes of it\n"
      "       wrun_difftest check FILE...                  modules in files; status 1 if tiers "
      "differ\n",
      stderr);
  return 2;
}

std::vector<std::byte> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

void write_file(const std::string& path, const std::vector<std::byte>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

std::vector<std::byte> module_of(uint64_t seed, bool portable = false) {
  Choices choices(seed);
  return generate_module(choices, portable);
}

// What a process that runs modules tells the one that watches it.
struct Progress {
  uint64_t next = 0;
  bool differs = false;
  uint64_t modules = 0, calls = 0, traps = 0, functions = 0, compiled_functions = 0;
};

void run_until(uint64_t end, std::chrono::steady_clock::time_point deadline, Progress& progress) {
  const itimerval limit = {
      {},
      {kSecondsPerModule, 0}
  };
  for (; progress.next < end && std::chrono::steady_clock::now() < deadline; ++progress.next) {
    setitimer(ITIMER_PROF, &limit, nullptr);
    const Comparison result = compare(module_of(progress.next), false);
    progress.differs = !result.difference.empty() || !result.problem.empty();
    if (progress.differs) return;
    ++progress.modules;
    progress.calls += result.calls;
    progress.traps += result.traps;
    progress.functions += result.functions;
    progress.compiled_functions += result.compiled_functions;
  }
}

void report(const Options& options, uint64_t seed) {
  Choices choices(seed);
  const std::string path = options.folder + "/difftest-" + std::to_string(seed) + ".wasm";
  generate_module(choices, false);
  Choices reduced(reduce(choices.taken()));
  const std::vector<std::byte> module = generate_module(reduced, false);
  write_file(path, module);
  std::printf("seed %llu, reduced to %s: %s\n", static_cast<unsigned long long>(seed), path.c_str(),
              compare_safely(module, false).c_str());
  std::printf("  again: wrun_difftest run --seed %llu --count 1\n",
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);
}

int run(const Options& options) {
  using Clock = std::chrono::steady_clock;
  auto* progress = static_cast<Progress*>(
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  *progress = {.next = options.seed};
  const bool is_timed = options.seconds > 0;
  const uint64_t end = is_timed ? UINT64_MAX : options.seed + options.count;
  const auto deadline =
      is_timed
          ? Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(options.seconds * 1000))
          : Clock::time_point::max();
  int failures = 0;
  while (progress->next < end && Clock::now() < deadline) {
    progress->differs = false;
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      run_until(end, deadline, *progress);
      std::fflush(stdout);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status) && !progress->differs) break;
    ++failures;
    report(options, progress->next++);
  }
  std::printf(
      "%llu modules, %llu calls of which %.0f %% trap, %.1f %% of functions compiled; %d differ\n",
      (unsigned long long)progress->modules, (unsigned long long)progress->calls,
      100.0 * double(progress->traps) / double(std::max<uint64_t>(1, progress->calls)),
      100.0 * double(progress->compiled_functions) /
          double(std::max<uint64_t>(1, progress->functions)),
      failures);
  return failures == 0 ? 0 : 1;
}

int check(const Options& options) {
  int failures = 0;
  for (const std::string& path : options.files) {
    const std::string difference = compare_safely(read_file(path), true);
    if (difference.empty()) continue;
    ++failures;
    std::printf("%s: %s\n", path.c_str(), difference.c_str());
  }
  return failures == 0 ? 0 : 1;
}

int show(const Options& options) {
  for (const std::string& path : options.files)
    for (const std::string& line : observe(read_file(path), way_sets()[0][0], true).lines)
      std::printf("%s\n", line.c_str());
  return 0;
}

int script(const Options& options) {
  if (options.files.empty())
    for (uint64_t i = 0; i < options.count; ++i) {
      std::printf(";; seed %llu\n", static_cast<unsigned long long>(options.seed + i));
      print_script(module_of(options.seed + i, true), false);
    }
  for (const std::string& path : options.files) {
    std::printf(";; %s\n", path.c_str());
    print_script(read_file(path), true);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (argc < 2) return usage();
  for (int i = 2; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (!name.starts_with("--")) {
      options.files.emplace_back(name);
      continue;
    }
    if (++i == argc) return usage();
    if (name == "--seed")
      options.seed = std::strtoull(argv[i], nullptr, 10);
    else if (name == "--count")
      options.count = std::strtoull(argv[i], nullptr, 10);
    else if (name == "--seconds")
      options.seconds = std::strtod(argv[i], nullptr);
    else if (name == "--out")
      options.folder = argv[i];
    else
      return usage();
  }
  const std::string_view command = argv[1];
  if (command == "run") return run(options);
  if (command == "check") return check(options);
  if (command == "show") return show(options);
  if (command == "script") return script(options);
  if (command != "emit") return usage();
  write_file(options.folder, module_of(options.seed));
  return 0;
}
