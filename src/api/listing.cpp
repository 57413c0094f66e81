#include "engine/listing.hpp"

#include "api/state.hpp"
#include "wrun/listing.hpp"

namespace wrun {

Result<void> list_code(const Module& module, const ListingOptions& options,
                       const std::function<bool(std::string_view)>& sink) {
  return engine::list_code(
      Access::module(module).whole(),
      {.level = options.opt_level, .function = options.function, .ir = options.ir}, sink);
}

}  // namespace wrun
