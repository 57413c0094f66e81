#include "wrun/wasi.hpp"

#include "api/state.hpp"

namespace wrun {
namespace {

wasi::EffectOptions effects_of(const WasiConfig& config) {
  wasi::EffectOptions effects;
  if (config.fixed_date) effects.fixed_date = static_cast<uint64_t>(config.fixed_date->count());
  effects.date_offset = config.date_offset.count();
  effects.seed = config.random_seed;
  effects.virtual_time = config.virtual_time;
  return effects;
}

wasi::Preopen preopen_of(const WasiConfig::Directory& directory) {
  wasi::Preopen preopen;
  preopen.host_path = directory.host;
  preopen.guest_path = directory.guest;
  preopen.read_only = directory.read_only;
  if (directory.in_memory) preopen.kind = wasi::Preopen::Kind::Memory;
  preopen.limits = {.bytes = directory.max_bytes, .files = directory.max_files};
  return preopen;
}

wasi::PathResolution resolution_of(WasiConfig::PathResolution how) {
  switch (how) {
    case WasiConfig::PathResolution::Automatic: return wasi::PathResolution::Automatic;
    case WasiConfig::PathResolution::Openat2:   return wasi::PathResolution::Openat2;
    case WasiConfig::PathResolution::Walk:      return wasi::PathResolution::Walk;
  }
  __builtin_unreachable();
}

}  // namespace

Result<Recording> Recording::open(const std::string& path) {
  auto state = std::make_shared<detail::RecordingState>();
  state->recording = WRUN_TRY(wasi::Recording::open(path));
  for (const wasi::Attachment& attachment : state->recording->attachments())
    state->attachments.push_back({attachment.name, attachment.contents});
  return Recording(std::move(state));
}

const std::vector<Attachment>& Recording::attachments() const { return state_->attachments; }

Result<Wasi> Wasi::create(const WasiConfig& config) {
  wasi::WasiOptions options;
  options.arguments = config.arguments;
  options.environment = config.environment;
  for (const WasiConfig::Directory& directory : config.directories)
    options.preopens.push_back(preopen_of(directory));
  options.listeners = config.listeners;
  options.stdio = config.stdio;
  options.input = config.input;
  options.output = {config.output, config.error_output};
  options.path_resolution = resolution_of(config.path_resolution);
  options.trace = config.trace;
  options.count_uses = config.count_uses;
  options.effects = effects_of(config);
  options.record = config.record;
  for (const Attachment& attachment : config.attachments)
    options.attachments.push_back({attachment.name, attachment.contents});
  if (config.replay) {
    options.replay = std::move(Access::recording(*config.replay).recording);
    if (options.replay == nullptr)
      return fail(Error::Kind::Usage, "a recording serves for one replay");
  }
  auto state = std::make_shared<detail::WasiState>();
  state->wasi = WRUN_TRY(wasi::Wasi::create(std::move(options)));
  return Wasi(std::move(state));
}

std::optional<RefusedPath> Wasi::last_refused() const {
  const auto refused = state_->wasi->last_refused();
  if (!refused) return std::nullopt;
  RefusedPath out{RefusedPath::Reason::NotFound, refused->directory, refused->path};
  switch (refused->reason) {
    case wasi::RefusedPath::Reason::NotFound:  break;
    case wasi::RefusedPath::Reason::ReadOnly:  out.reason = RefusedPath::Reason::ReadOnly; break;
    case wasi::RefusedPath::Reason::OutsideOf: out.reason = RefusedPath::Reason::OutsideOf; break;
  }
  return out;
}

Result<void> Wasi::finish() { return state_->wasi->finish(); }

std::optional<uint32_t> Wasi::opened_file() const {
  return state_->wasi->descriptors().find_opened();
}

std::vector<GrantUse> Wasi::uses() const {
  const auto kind_of = [](wasi::Grant::Kind kind) {
    switch (kind) {
      case wasi::Grant::Kind::Arguments:   return GrantUse::Kind::Arguments;
      case wasi::Grant::Kind::Environment: return GrantUse::Kind::Environment;
      case wasi::Grant::Kind::Clocks:      return GrantUse::Kind::Clocks;
      case wasi::Grant::Kind::Random:      return GrantUse::Kind::Random;
      case wasi::Grant::Kind::Stream:      return GrantUse::Kind::Stream;
      case wasi::Grant::Kind::Directory:   return GrantUse::Kind::Directory;
      case wasi::Grant::Kind::Listener:    return GrantUse::Kind::Listener;
    }
    __builtin_unreachable();
  };
  std::vector<GrantUse> result;
  result.reserve(state_->wasi->grants().size());
  for (const wasi::Grant& grant : state_->wasi->grants())
    result.push_back({kind_of(grant.kind), grant.guest_name, grant.host_name, grant.read_only,
                      grant.looks, grant.reads, grant.changes, grant.refusals});
  return result;
}

}  // namespace wrun
