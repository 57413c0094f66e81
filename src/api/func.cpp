#include "wrun/func.hpp"

#include "api/convert.hpp"
#include "api/state.hpp"

namespace wrun {

FuncType Func::type() const { return to_public(*function_->type); }

Result<void> Func::check_type(const FuncType& wanted) const {
  if (const FuncType actual = type(); actual != wanted)
    return fail(Error::Kind::Usage, "the function has type " + actual.text() +
                                        ", but is called with type " + wanted.text());
  return {};
}

Result<void> Func::call_slots(uint64_t* slots) const {
  auto outcome = store_->store->call(*function_, slots);
  if (!outcome) return std::unexpected(to_error(std::move(outcome).error()));
  return {};
}

Result<std::vector<Value>> Func::call(std::span<const Value> arguments) const {
  const wasm::FuncType& type = *function_->type;
  const auto params = canonical_types(*function_, type.params);
  std::vector<uint64_t> slots(std::max({type.param_slots, type.result_slots, 1u}));
  WRUN_CHECK_OK(store_values(arguments, params, "argument", *store_, slots.data()));
  WRUN_CHECK_OK(call_slots(slots.data()));
  return load_values(canonical_types(*function_, type.results), slots.data(), *store_);
}

}  // namespace wrun
