#include "wasi/wasi.hpp"

#include <algorithm>
#include <utility>

#include "base/printable.hpp"
#include "wasi/archive.hpp"
#include "wasi/host_directory.hpp"
#include "wasi/host_file.hpp"
#include "wasi/listener.hpp"
#include "wasi/usage.hpp"

namespace wrun::wasi {
namespace {

// Guests count sizes with 32 bits; arguments beyond this are a mistake.
constexpr size_t kMaxStringBytes = size_t{1} << 30;
constexpr TreeLimits kArchiveLimits = {.bytes = uint64_t{4} << 30, .files = 1'000'000};

// "/data/", "/./data" and "//data" are "/data"; "" and "./" are ".".
Result<std::string> normalize_guest_path(std::string_view path) {
  std::string result;
  if (path.starts_with('/')) result = "/";
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view component = path.substr(begin, end - begin);
    if (component == "..")
      return fail(Error::Kind::Usage, "the guest path '" + printable(path) + "' contains '..'");
    if (!component.empty() && component != ".") {
      if (!result.empty() && result != "/") result += '/';
      result += component;
    }
    begin = end + 1;
  }
  if (result.empty()) result = ".";
  return result;
}

std::unique_ptr<File> stream_file(WasiOptions& options, size_t fd) {
  if (fd == 0 && options.input) return std::make_unique<InputBuffer>(std::move(*options.input));
  if (fd != 0 && options.output[fd - 1])
    return std::make_unique<OutputFile>(std::move(options.output[fd - 1]));
  if (options.stdio[fd] < 0) return std::make_unique<NullFile>();
  return std::make_unique<HostFile>(UniqueFd::borrow(options.stdio[fd]));
}

std::unique_ptr<Effects> make_effects(const EffectOptions& options) {
  if (options.are_the_hosts()) return std::make_unique<HostEffects>();
  return std::make_unique<VirtualEffects>(options);
}

}  // namespace

void StringList::add(std::string_view text) {
  offsets_.push_back(static_cast<uint32_t>(bytes_.size()));
  bytes_ += text;
  bytes_ += '\0';
}

Wasi::Wasi(WasiOptions& options)
    : resolver_(options.path_resolution),
      effects_(make_effects(options.effects)),
      descriptors_(options.max_descriptors) {}

Result<void> Wasi::add_observers(WasiOptions& options) {
  if (options.count_uses) observers_.push_back(std::make_unique<UsageObserver>());
  if (options.trace) observers_.push_back(std::make_unique<Tracer>(std::move(options.trace)));
  if (options.replay) replay_ = std::make_unique<Replay>(std::move(options.replay), options.stdio);
  if (options.record.empty()) return {};
  auto recorder = WRUN_TRY(Recorder::create(options.record, options.attachments));
  recorder_ = recorder.get();
  observers_.push_back(std::move(recorder));
  return {};
}

Result<std::unique_ptr<Wasi>> Wasi::create(WasiOptions options) {
  std::unique_ptr<Wasi> wasi(new Wasi(options));
  WRUN_CHECK_OK(wasi->add_observers(options));
  WRUN_CHECK_OK(wasi->add_strings(options));
  wasi->add_grant(Grant::Kind::Arguments, "arguments");
  wasi->add_grant(Grant::Kind::Environment, "environment");
  wasi->add_grant(Grant::Kind::Clocks, "clocks");
  wasi->add_grant(Grant::Kind::Random, "random numbers");
  constexpr const char* kStreams[] = {"stdin", "stdout", "stderr"};
  for (size_t fd = 0; fd < options.stdio.size(); ++fd) {
    auto handle = Handle::stream(stream_file(options, fd), fd == 0);
    handle->grant = wasi->stream_grants_[fd] = &wasi->add_grant(Grant::Kind::Stream, kStreams[fd]);
    if (!wasi->descriptors_.insert(std::move(handle)))
      return fail(Error::Kind::Usage,
                  "the limit on descriptors leaves no room for standard streams");
  }
  for (const Preopen& preopen : options.preopens) WRUN_CHECK_OK(wasi->add_preopen(preopen));
  for (const std::string& address : options.listeners) WRUN_CHECK_OK(wasi->add_listener(address));
  return wasi;
}

Result<void> Wasi::add_strings(const WasiOptions& options) {
  size_t bytes = 0;
  const auto add = [&](StringList& list, const std::string& text) {
    bytes += text.size() + 1;
    if (text.find('\0') != std::string::npos || bytes > kMaxStringBytes) return false;
    list.add(text);
    return true;
  };
  for (const std::string& argument : options.arguments)
    if (!add(arguments_, argument))
      return fail(Error::Kind::Usage, "the arguments are too long or contain NUL");
  for (const std::string& variable : options.environment)
    if (variable.find('=', 1) == std::string::npos || !add(environment_, variable))
      return fail(Error::Kind::Usage, "the environment variable '" + printable(variable) +
                                          "' is too long, contains NUL or is not NAME=value");
  return {};
}

Result<void> Wasi::add_preopen(const Preopen& preopen) {
  std::string name = WRUN_TRY(normalize_guest_path(preopen.guest_path));
  if (std::ranges::find(preopen_names_, name) != preopen_names_.end())
    return fail(Error::Kind::Usage,
                "two directories have the same guest path '" + printable(name) + "'");
  std::unique_ptr<Directory> directory = WRUN_TRY(open_root(preopen));
  // What is written to the copy of an archive would be lost.
  const bool is_archive = preopen.kind == Preopen::Kind::Host && directory->volume() != nullptr;
  const bool read_only = preopen.read_only || is_archive;
  preopen_names_.push_back(name);
  Grant& grant = add_grant(Grant::Kind::Directory, name, preopen.host_path);
  grant.read_only = read_only;
  auto handle = Handle::preopen(std::move(directory), std::move(name), read_only);
  handle->grant = &grant;
  if (!descriptors_.insert(std::move(handle)))
    return fail(Error::Kind::Usage, "the limit on descriptors leaves no room for directory '" +
                                        printable(preopen.host_path) + "'");
  return {};
}

Result<std::unique_ptr<Directory>> Wasi::open_root(const Preopen& preopen) {
  if (preopen.kind == Preopen::Kind::Memory)
    return wasi::open_root(std::make_shared<MemoryTree>(*effects_, preopen.limits));
  if (may_be_archive(preopen.host_path)) {
    auto tree = std::make_shared<MemoryTree>(*effects_, kArchiveLimits);
    WRUN_CHECK_OK(read_archive(preopen.host_path, *tree));
    return wasi::open_root(std::move(tree));
  }
  return std::make_unique<HostDirectory>(resolver_,
                                         WRUN_TRY(PathResolver::open_root(preopen.host_path)));
}

// After the directories: programs look for those from 3 on, up to the first that is none.
Result<void> Wasi::add_listener(const std::string& address) {
  auto handle = Handle::socket(WRUN_TRY(listen_on(address)), 0);
  handle->grant = &add_grant(Grant::Kind::Listener, address);
  if (!descriptors_.insert(std::move(handle)))
    return fail(Error::Kind::Usage,
                "the limit on descriptors leaves no room for '" + printable(address) + "'");
  return {};
}

bool Wasi::find(std::string_view module, std::string_view name, runtime::HostFunction& out) {
  const bool preview1 = module == "wasi_snapshot_preview1";
  if (!preview1 && module != "wasi_unstable") return false;
  const Snapshot snapshot = preview1 ? Snapshot::Preview1 : Snapshot::Unstable;
  const Function* function = find_function(snapshot, name);
  if (!function) return false;
  out = {type_of(*function), function->callback(snapshot), this};
  if (observers_.empty() && !replay_) return true;
  const std::lock_guard lock(finding_);
  out.callback = observed_call;
  out.environment = &sites_.emplace_back(*this, *function, snapshot);
  return true;
}

Grant& Wasi::add_grant(Grant::Kind kind, std::string guest_name, std::string host_name) {
  Grant& grant = grants_.emplace_back();
  grant.kind = kind;
  grant.guest_name = std::move(guest_name);
  grant.host_name = std::move(host_name);
  return grant;
}

Result<void> Wasi::finish() {
  if (replay_) WRUN_CHECK_OK(replay_->finish());
  return recorder_ ? recorder_->finish() : Result<void>();
}

uint8_t Wasi::output_stream(const Grant& grant) const {
  if (&grant == stream_grants_[1]) return 1;
  return &grant == stream_grants_[2] ? 2 : 0;
}

Grant* Wasi::grant_of(Grant::Kind kind) {
  const auto found = std::ranges::find(grants_, kind, &Grant::kind);
  return found == grants_.end() ? nullptr : &*found;
}

std::optional<RefusedPath> Wasi::last_refused() const {
  const std::lock_guard lock(refusing_);
  return last_refused_;
}

void Wasi::note_refused(RefusedPath::Reason reason, const Handle& directory,
                        std::string_view path) {
  const std::lock_guard lock(refusing_);
  if (last_refused_ && reason < last_refused_->reason) return;
  if (!last_refused_) last_refused_.emplace();
  last_refused_->reason = reason;
  last_refused_->directory = directory.preopen_name.value_or("");
  last_refused_->path = path;
}

}  // namespace wrun::wasi
