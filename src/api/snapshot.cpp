#include "wrun/snapshot.hpp"

#include "api/state.hpp"
#include "engine/snapshot.hpp"

namespace wrun {

Result<std::vector<std::byte>> take_snapshot(const Module& module, const Instance& instance,
                                             const SnapshotOptions& options) {
  const detail::ModuleState& state = Access::module(module);
  runtime::Instance& inner = Access::instance(instance);
  if (state.module != inner.shared_module())
    return fail(Error::Kind::Usage, "the instance is one of another module");
  const wasm::Module& whole = state.whole();
  if (whole.source != nullptr)
    return fail(Error::Kind::Unsupported, "the compiled file does not contain the module itself");
  engine::SnapshotOptions chosen = {.without = options.without};
  for (const auto& [from, to] : options.renamings) chosen.renamings.push_back({from, to});
  return engine::take_snapshot(whole, inner, chosen);
}

}  // namespace wrun
