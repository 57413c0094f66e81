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

}  // namespace wrun
