// `wrun run`: load, link, instantiate, call, and turn how it ended into an exit status.
#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>

#include "cli/cache_filling.hpp"
#include "cli/capabilities.hpp"
#include "cli/commands.hpp"
#include "cli/file_names.hpp"
#include "cli/guest_values.hpp"
#include "cli/load.hpp"
#include "cli/log.hpp"
#include "cli/messages.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/stats.hpp"

extern char** environ;

namespace wrun::cli {
namespace {

// A step failed, was reported, and the command ends with this status.
struct Failed {
  int status;
};
template <class T>
using Step = std::expected<T, Failed>;

std::unexpected<Failed> failed(int status, std::string_view message) {
  report_error(message);
  return std::unexpected(Failed{status});
}

// What backtraces call a module without a name of its own.
std::string module_name(std::string_view path) {
  return std::string(without_ending(file_name(path), {".cwasm", ".wasm"}));
}

// "NAME=value", in place of an earlier value of the name.
void set_variable(std::vector<std::string>& environment, std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('=') + 1);
  for (std::string& earlier : environment) {
    if (earlier.starts_with(name)) {
      earlier = variable;
      return;
    }
  }
  environment.emplace_back(variable);
}

bool exists(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0;
}

// What the modules of a recorded run go by among its attachments.
std::string attachment_name(std::string_view file) { return fmt::format("file {}", file); }

class Run {
 public:
  Run(const Options& options, Log& log) : options_(options), log_(log) {}
  Run(const Options& options, Log& log, Recording recording)
      : options_(options), log_(log), recording_(std::move(recording)) {}

  int execute() {
    const auto done = run();
    const int status = complete(done ? *done : done.error().status);
    log_.write(LogLevel::Info, "exit status {}", status);
    if (!not_cached_.empty()) fill_cache(options_, not_cached_);
    if (options_.stats != StatsFormat::None) print_error(format_stats(stats_, options_.stats));
    if (wasi_ && options_.report_capabilities) print_error(describe_capabilities(wasi_->uses()));
    if (status != 0 && !options_.quiet && !recording_) give_hint();
    return status;
  }

 private:
  Step<int> run();
  // The status, unless the recording or the replay failed.
  int complete(int status);
  bool may_use_cache() const;
  // Opened when there is something large enough for it. Null: it is not to be used, or cannot be.
  const Cache* cache();
  // From the cache, if it is there; it will be next time.
  std::optional<Module> load_cached(const std::string& file);
  std::optional<FileContents> read(const std::string& file);
  Step<Module> load(const std::string& file);
  Step<void> add_wasi(Linker& linker);
  Step<void> add_preloads(Linker& linker, Store& store, std::span<const Module> modules);
  void choose_effects(WasiConfig& config);
  Step<void> add_threads(Linker& linker, const Module& module);
  Step<Instance> instantiate(Linker& linker, const Module& module, const std::string& file);
  Step<Func> find_entry(const Instance& instance, const Module& module, std::string_view name);
  Step<int> call_guest(const Instance& instance, const Module& module);
  Step<int> invoke(const Instance& instance, const Module& module, const std::string& name);
  // Calls an export with the arguments of the command line.
  Step<std::vector<Value>> call(const Instance& instance, const Module& module,
                                const std::string& name);
  Step<int> write_snapshot(const Instance& instance, const Module& module);
  // The names of those that there are, or that were asked for.
  // For `compile --profile-use`, whatever the guest came to.
  Step<int> save_profile(const Module& module, Step<int> status);
  Step<std::vector<std::string>> run_initialisers(const Instance& instance, const Module& module);
  Step<void> initialize(const Instance& instance);
  void note_nothing_to_run(const Module& module);
  // What the guest came to, once all its threads are over.
  Result<void> finish(Result<void> first_thread);
  // The status of a guest that did not return normally, having said why.
  int status_of(const Error& error);
  void count(const Store& store);
  void give_hint();

  const Options& options_;
  Log& log_;
  Stats stats_;
  std::optional<Recording> recording_;   // that is replayed
  std::vector<Attachment> attachments_;  // for the recording that is made
  std::optional<Engine> engine_;
  std::optional<Cache> cache_;
  bool opened_cache_ = false;
  std::vector<std::string> not_cached_;
  std::optional<Wasi> wasi_;
  std::optional<Watchdog> watchdog_;
  std::optional<WasiThreads> threads_;
};

Step<int> Run::run() {
  if (!options_.profile_save.empty() && options_.tier != Tier::Auto)
    return failed(kBadUsage, "--profile-save is for --tier=auto, which counts what is hot");
  CompilerConfig compiler = options_.compiler;
  compiler.tell = print_error;
  auto engine = Engine::create({.tier = options_.tier,
                                .tier_up_after = options_.tier_up_after,
                                .features = options_.features,
                                .interruptible = options_.timeout.has_value() || options_.threads,
                                .fuel = options_.fuel.has_value(),
                                .canonical_nans = options_.deterministic_seed.has_value(),
                                .compiler = std::move(compiler)});
  if (!engine) return failed(kBadUsage, engine.error().message);
  engine_ = *engine;
  const auto module = load(options_.module);
  if (!module) return std::unexpected(module.error());
  std::vector<Module> preloads;
  for (const Preload& preload : options_.preloads) {
    auto preloaded = load(preload.file);
    if (!preloaded) return std::unexpected(preloaded.error());
    preloads.push_back(std::move(*preloaded));
  }

  Store store(*engine_, options_.limits);
  if (log_.wants_collections())
    store.on_collection([this](const Collection& report) { log_.write_collection(report); });
  if (options_.fuel) store.set_fuel(*options_.fuel);
  if (options_.timeout) watchdog_.emplace(store, *options_.timeout);

  Linker linker(store);
  if (auto added = add_wasi(linker); !added) return std::unexpected(added.error());
  if (auto added = add_preloads(linker, store, preloads); !added)
    return std::unexpected(added.error());
  if (options_.threads)
    if (auto added = add_threads(linker, *module); !added) return std::unexpected(added.error());

  Step<int> status = std::unexpected(Failed{kFailure});
  if (const auto instance = instantiate(linker, *module, options_.module))
    status = options_.command == Command::Snapshot ? write_snapshot(*instance, *module)
                                                   : call_guest(*instance, *module);
  else
    status = std::unexpected(instance.error());
  count(store);
  return options_.profile_save.empty() ? status : save_profile(*module, status);
}

Step<int> Run::save_profile(const Module& module, Step<int> status) {
  const auto profile = wrun::save_profile(module);
  if (!profile) return failed(kFailure, "there is no profile to save: " + profile.error().message);
  const std::string_view bytes(reinterpret_cast<const char*>(profile->data()), profile->size());
  return write_file(options_.profile_save, bytes) ? status : std::unexpected(Failed{kFailure});
}

// What is recorded and replayed are files, and what looks into the compiler wants it to work.
bool Run::may_use_cache() const {
  return options_.use_cache && options_.record.empty() && !recording_ && Cache::is_for(*engine_);
}

const Cache* Run::cache() {
  if (opened_cache_ || !may_use_cache()) return cache_ ? &*cache_ : nullptr;
  opened_cache_ = true;
  auto cache = Cache::open(options_.cache_dir);
  if (cache)
    cache_ = std::move(*cache);
  else if (!options_.cache_dir.empty())
    report_warning(cache.error().message);
  else
    log_.write(LogLevel::Debug, "{}", cache.error().message);
  return cache_ ? &*cache_ : nullptr;
}

std::optional<Module> Run::load_cached(const std::string& file) {
  if (cache() == nullptr) return std::nullopt;
  const Stopwatch watch(stats_.compile);
  auto module = cache_->load(*engine_, file);
  if (!module) return std::nullopt;
  stats_.module_bytes += module->size();
  log_.write(LogLevel::Debug, "{} is in the cache", file);
  return module;
}

Step<Module> Run::load(const std::string& file) {
  const bool keeps = may_use_cache() && Cache::is_for(file);
  if (keeps)
    if (auto cached = load_cached(file)) return std::move(*cached);
  const auto contents = [&] {
    const Stopwatch watch(stats_.read);
    return read(file);
  }();
  if (!contents) return std::unexpected(Failed{kFailure});
  stats_.module_bytes += contents->bytes.size();
  if (!options_.record.empty())
    attachments_.push_back({
        attachment_name(file),
        {reinterpret_cast<const char*>(contents->bytes.data()), contents->bytes.size()}
    });
  const bool compiled = is_compiled(contents->bytes);
  if (compiled && (!options_.record.empty() || recording_))
    return failed(kBadUsage,
                  fmt::format("`{}` is compiled; a recording contains the module that it "
                              "was made of: record a run of that",
                              file));
  if (compiled && !options_.profile_save.empty())
    return failed(kBadUsage, fmt::format("`{}` is compiled; nothing is counted in compiled code: "
                                         "run the module that it was made of",
                                         file));
  const Stopwatch watch(stats_.compile);
  auto program = load_program_or_report(*engine_, file, *contents, compiled ? cache() : nullptr);
  if (!program) return std::unexpected(Failed{kFailure});
  if (program->unfit)
    report_warning(fmt::format("`{}` is compiled again: {}", file, *program->unfit));
  if (keeps && cache_ && !compiled && !is_text(contents->bytes)) not_cached_.push_back(file);
  log_.write(LogLevel::Debug, "{} is valid: {} bytes", file, program->module.size());
  return std::move(program->module);
}

std::optional<FileContents> Run::read(const std::string& file) {
  if (!recording_) return read_or_report(file);
  for (const auto& [name, contents] : recording_->attachments())
    if (name == attachment_name(file)) return FileContents{std::as_bytes(std::span(contents)), {}};
  report_error(fmt::format("the recording does not contain `{}`", file));
  return std::nullopt;
}

int Run::complete(int status) {
  if (!wasi_) return status;
  const auto done = wasi_->finish();
  if (done) return status;
  report_error(done.error().message);
  return kFailure;
}

void Run::choose_effects(WasiConfig& config) {
  config.fixed_date = options_.fixed_date;
  config.date_offset = options_.date_offset;
  config.virtual_time = options_.deterministic_seed.has_value();
  config.random_seed = options_.deterministic_seed;
  config.record = options_.record;
  config.attachments = std::move(attachments_);
  if (!options_.record.empty()) {
    std::string& line = config.attachments.emplace_back("command line", "").contents;
    for (const std::string& argument : options_.command_line) line.append(argument) += '\0';
  }
  config.replay = recording_;
}

Step<void> Run::add_wasi(Linker& linker) {
  const Stopwatch watch(stats_.instantiate);
  WasiConfig config;
  config.arguments.emplace_back(options_.argv0 ? *options_.argv0 : file_name(options_.module));
  config.arguments.insert(config.arguments.end(), options_.arguments.begin(),
                          options_.arguments.end());
  if (options_.inherit_environment)
    for (char** variable = environ; *variable != nullptr; ++variable)
      set_variable(config.environment, *variable);
  for (const std::string& variable : options_.environment)
    set_variable(config.environment, variable);
  config.directories = options_.directories;
  config.listeners = options_.listeners;
  if (options_.trace_wasi) config.trace = print_error;
  config.count_uses = options_.report_capabilities;
  config.path_resolution = options_.path_resolution;
  choose_effects(config);
  for (const WasiConfig::Directory& directory : config.directories)
    log_.write(LogLevel::Info, "granting {} as {}{}", directory.host, directory.guest,
               directory.read_only ? ", read-only" : "");

  auto wasi = Wasi::create(config);
  if (!wasi)
    return failed(wasi.error().kind == Error::Kind::Usage ? kBadUsage : kFailure,
                  wasi.error().message);
  wasi_ = std::move(*wasi);
  linker.define_wasi(*wasi_);
  return {};
}

Step<void> Run::add_preloads(Linker& linker, Store& store, std::span<const Module> modules) {
  for (size_t i = 0; i < modules.size(); ++i) {
    const auto& [name, file] = options_.preloads[i];
    const auto instance = instantiate(linker, modules[i], file);
    if (instance) {
      if (auto done = initialize(*instance); !done) {
        count(store);
        return done;
      }
      linker.define_instance(name, *instance);
    } else {
      count(store);
      return std::unexpected(instance.error());
    }
  }
  return {};
}

// Threads get no preloads: those are instances of the first thread's store.
Step<void> Run::add_threads(Linker& linker, const Module& module) {
  auto threads = WasiThreads::create(
      linker, module, *wasi_, {.max_threads = options_.max_threads, .limits = options_.limits});
  if (!threads)
    return failed(threads.error().kind == Error::Kind::Usage ? kBadUsage : kFailure,
                  threads.error().message);
  threads_ = std::move(*threads);
  return {};
}

Result<void> Run::finish(Result<void> first_thread) {
  return threads_ ? threads_->finish(std::move(first_thread)) : first_thread;
}

Step<Instance> Run::instantiate(Linker& linker, const Module& module, const std::string& file) {
  const Stopwatch watch(stats_.instantiate);
  if (const auto missing = linker.missing_imports(module); !missing.empty())
    return failed(kFailure, describe_missing_imports(file, missing));
  auto instance = linker.instantiate(module, module_name(file));
  if (instance) {
    log_.write(LogLevel::Debug, "instantiated {}", file);
    return std::move(*instance);
  }
  const Error error = finish(std::unexpected(instance.error())).error();
  if (error.trap != nullptr) return std::unexpected(Failed{status_of(error)});
  return failed(kFailure, fmt::format("cannot instantiate `{}`: {}", file, error.message));
}

// A reactor's constructor, if the module is one.
Step<void> Run::initialize(const Instance& instance) {
  const auto function = instance.func("_initialize");
  if (!function) return {};
  const Stopwatch watch(stats_.instantiate);
  if (const auto done = function->call<void()>(); !done)
    return std::unexpected(Failed{status_of(done.error())});
  return {};
}

Step<int> Run::call_guest(const Instance& instance, const Module& module) {
  const auto start = [&] {
    auto function = instance.func("_start");
    return function || options_.invoke ? function : instance.func("");
  }();
  if (!start || options_.invoke)
    if (auto done = initialize(instance); !done) return std::unexpected(done.error());
  if (options_.invoke) return invoke(instance, module, *options_.invoke);
  if (!start) {
    note_nothing_to_run(module);
    return kSuccess;
  }
  log_.write(LogLevel::Info, "calling the start of {}", options_.module);
  const Stopwatch watch(stats_.run);
  const auto done = finish(start->call<void()>());
  return done ? kSuccess : status_of(done.error());
}

Step<std::vector<Value>> Run::call(const Instance& instance, const Module& module,
                                   const std::string& name) {
  const auto function = instance.func(name);
  if (!function) return failed(kFailure, describe_missing_export(options_.module, name, module));
  const auto arguments = parse_call_arguments(name, function->type(), options_.arguments);
  if (!arguments) return failed(kBadUsage, arguments.error());

  log_.write(LogLevel::Info, "calling {}", name);
  auto results = [&] {
    const Stopwatch watch(stats_.run);
    return function->call(*arguments);
  }();
  const auto done = finish(results ? Result<void>() : std::unexpected(results.error()));
  if (!done) return std::unexpected(Failed{status_of(done.error())});
  return std::move(*results);
}

Step<int> Run::invoke(const Instance& instance, const Module& module, const std::string& name) {
  const auto results = call(instance, module, name);
  if (!results) return std::unexpected(results.error());
  std::string text;
  for (const Value& value : *results) text += value.text() + '\n';
  return print(text) ? kSuccess : kFailure;
}

Step<std::vector<std::string>> Run::run_initialisers(const Instance& instance,
                                                     const Module& module) {
  std::vector<std::string> done;
  if (instance.func("_initialize")) {
    if (auto ran = initialize(instance); !ran) return std::unexpected(ran.error());
    done.emplace_back("_initialize");
  }
  if (options_.invoke) {
    if (auto ran = call(instance, module, *options_.invoke); !ran)
      return std::unexpected(ran.error());
    done.push_back(*options_.invoke);
  }
  if (done.empty())
    return failed(kBadUsage, fmt::format("`{}` has no initialiser that goes by the usual name, "
                                         "`_initialize`; --invoke names another",
                                         options_.module));
  return done;
}

Step<int> Run::write_snapshot(const Instance& instance, const Module& module) {
  const std::string output =
      options_.output ? *options_.output
                      : std::string(without_ending(options_.module, {".cwasm", ".wasm", ".wat"})) +
                            ".snap.wasm";
  if (output == "-")
    return failed(kBadUsage, "the standard output is the guest's; -o names a file");
  auto initialisers = run_initialisers(instance, module);
  if (!initialisers) {
    // It may have ended itself with success.
    if (initialisers.error().status != kSuccess) return std::unexpected(initialisers.error());
    return failed(kFailure, "the guest ended itself: there is no state to begin with");
  }
  if (const auto file = wasi_->opened_file())
    return failed(kFailure, fmt::format("the guest has opened file {} and not closed it, which a "
                                        "module cannot begin with",
                                        *file));
  const auto snapshot = take_snapshot(
      module, instance, {.without = std::move(*initialisers), .renamings = options_.renamings});
  if (!snapshot)
    return failed(snapshot.error().kind == Error::Kind::Usage ? kBadUsage : kFailure,
                  snapshot.error().message);
  return write_file(output, {reinterpret_cast<const char*>(snapshot->data()), snapshot->size()})
             ? kSuccess
             : kFailure;
}

void Run::note_nothing_to_run(const Module& module) {
  if (options_.quiet) return;
  std::string functions;
  for (const ExportType& entry : module.exports())
    if (entry.type.kind == ExternKind::Func && functions.empty()) functions = printable(entry.name);
  if (!functions.empty())
    report_note(
        fmt::format("`{}` is not a program: it exports no `_start`; call a function with "
                    "--invoke, for example --invoke {}",
                    options_.module, functions));
}

int Run::status_of(const Error& error) {
  if (error.kind == Error::Kind::Exit) {
    if (error.trap->exit_status <= 255) return static_cast<int>(error.trap->exit_status);
    report_error(fmt::format("the guest exited with status {}, which is not within 0 to 255",
                             error.trap->exit_status));
    return kFailure;
  }
  if (error.kind != Error::Kind::Trap) {
    report_error(error.message);
    return kFailure;
  }
  if (error.trap->code == TrapCode::Interrupted && watchdog_ && watchdog_->expired())
    report_error(fmt::format("timeout of {} exceeded", options_.timeout_text));
  else if (error.trap->code == TrapCode::OutOfFuel && options_.fuel)
    report_error(fmt::format("fuel of {} used up", *options_.fuel));
  else if (!recording_ || error.trap->code != TrapCode::HostError)  // complete() says what differs
    report_error(describe_trap(*error.trap));
  return kTrapped;
}

void Run::count(const Store& store) {
  stats_.guest_memory_bytes = store.memory_bytes();
  if (options_.fuel) stats_.fuel_used = *options_.fuel - store.fuel();
}

// The guest failed: was it for something that the command line could have granted?
void Run::give_hint() {
  const auto refused = wasi_ ? wasi_->last_refused() : std::nullopt;
  if (refused && refused->reason != RefusedPath::Reason::NotFound)
    return report_hint(describe_refused_path(*refused, options_.directories));
  if (!wasi_ || options_.invoke) return;
  for (const std::string& argument : options_.arguments) {
    if (argument.starts_with('-') || !exists(argument)) continue;
    if (is_granted(argument, options_.directories)) continue;
    const size_t slash = argument.rfind('/');
    return report_hint(
        fmt::format("`{}` is there, but the guest was not granted a directory that it "
                    "is in; --dir {} grants it",
                    argument,
                    slash == argument.npos ? "."
                    : slash == 0           ? "/"
                                           : argument.substr(0, slash)));
  }
}

}  // namespace

int run(const Options& options) {
  if (options.log_level.empty()) {
    Log silent;
    return Run(options, silent).execute();
  }
  Log log(options.log_level);
  return Run(options, log).execute();
}

int run_recorded(const Options& options, Recording recording) {
  if (options.log_level.empty()) {
    Log silent;
    return Run(options, silent, std::move(recording)).execute();
  }
  Log log(options.log_level);
  return Run(options, log, std::move(recording)).execute();
}

}  // namespace wrun::cli
