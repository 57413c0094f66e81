#include "wrun/wasi.hpp"

#include "api/state.hpp"

namespace wrun {

Result<Wasi> Wasi::create(const WasiConfig& config) {
  wasi::WasiOptions options;
  options.arguments = config.arguments;
  options.environment = config.environment;
  for (const WasiConfig::Directory& directory : config.directories)
    options.preopens.push_back({directory.host, directory.guest, directory.read_only});
  options.listeners = config.listeners;
  options.stdio = config.stdio;
  options.trace = config.trace;
  options.count_uses = config.count_uses;
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
  for (const wasi::Grant& grant : state_->wasi->grants())
    result.push_back({kind_of(grant.kind), grant.guest_name, grant.host_name, grant.read_only,
                      grant.looks, grant.reads, grant.changes, grant.refusals});
  return result;
}

}  // namespace wrun
