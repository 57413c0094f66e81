#include "engine/listing.hpp"

#include "api/state.hpp"
#include "wrun/listing.hpp"

namespace wrun {

Result<void> list_code(const Module& module, const ListingOptions& options,
                       const std::function<bool(std::string_view)>& sink) {
  const detail::ModuleState& state = Access::module(module);
  const engine::EngineConfig config = detail::config_for(state.engine, options.processor);
  const auto profile = WRUN_TRY(detail::load_profile(state.whole(), options.profile));
  return engine::list_code(
      config, state.whole(),
      {.function = options.function, .ir = options.ir, .profile = profile ? &*profile : nullptr},
      sink);
}

}  // namespace wrun
