#include "wasi/preview1_table.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "wasi/preview1.hpp"
#include "wasi/wasi.hpp"

namespace wrun::wasi {
namespace {

using runtime::TrapCode;
using runtime::VMContext;

// --- from the C++ member to the callback ---

template <auto kMember>
struct Call;

template <class Return, class... Parameters, Return (Preview1::*kMember)(Parameters...)>
struct Call<kMember> {
  static constexpr bool kHasResult = !std::is_void_v<Return>;

  // Whether the table's parameters are those of the member.
  static consteval bool matches(const Signature& signature) {
    size_t slot = 0;
    [[maybe_unused]] const auto fits = [&](size_t size) {
      return signature.slot_bits[slot++] == size * 8;
    };
    return signature.slot_count == sizeof...(Parameters) && (fits(sizeof(Parameters)) && ...);
  }

  static TrapCode callback(void* environment, VMContext& caller, uint64_t* slots) {
    Preview1 calls(*static_cast<Wasi*>(environment), caller);
    [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
      if constexpr (kHasResult)
        slots[0] =
            static_cast<uint64_t>((calls.*kMember)(static_cast<Parameters>(slots[kIndex])...));
      else
        (calls.*kMember)(static_cast<Parameters>(slots[kIndex])...);
    }(std::index_sequence_for<Parameters...>());
    return calls.trap();
  }
};

// --- the table ---

constexpr Function kFunctions[] = {
#define WRUN_WASI(name, use, parameters) \
  {#name,                                \
   Use::use,                             \
   parse_signature(parameters),          \
   Call<&Preview1::name>::kHasResult,    \
   Call<&Preview1::name>::callback,      \
   Call<&Preview1::name>::callback},
#define WRUN_WASI_BY_SNAPSHOT(name, use, parameters)    \
  {#name,                                               \
   Use::use,                                            \
   parse_signature(parameters),                         \
   true,                                                \
   Call<&Preview1::name<Snapshot::Preview1>>::callback, \
   Call<&Preview1::name<Snapshot::Unstable>>::callback},
#define WRUN_WASI_PREVIEW1(name, use, parameters) \
  {#name, Use::use, parse_signature(parameters), true, Call<&Preview1::name>::callback, nullptr},
#include "wasi/preview1.def"
#undef WRUN_WASI
#undef WRUN_WASI_BY_SNAPSHOT
#undef WRUN_WASI_PREVIEW1
};

static_assert(std::size(kFunctions) == 46);
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

#define WRUN_WASI(name, use, parameters) \
  static_assert(Call<&Preview1::name>::matches(parse_signature(parameters)));
#define WRUN_WASI_BY_SNAPSHOT(name, use, parameters) \
  static_assert(Call<&Preview1::name<Snapshot::Preview1>>::matches(parse_signature(parameters)));
#define WRUN_WASI_PREVIEW1(name, use, parameters) WRUN_WASI(name, use, parameters)
#include "wasi/preview1.def"
#undef WRUN_WASI
#undef WRUN_WASI_BY_SNAPSHOT
#undef WRUN_WASI_PREVIEW1

}  // namespace

std::span<const Function> functions() { return kFunctions; }

const Function* find_function(Snapshot snapshot, std::string_view name) {
  const Function* found = std::ranges::lower_bound(kFunctions, name, {}, &Function::name);
  if (found == std::end(kFunctions) || found->name != name) return nullptr;
  return found->callback(snapshot) ? found : nullptr;
}

wasm::FuncType type_of(const Function& function) {
  wasm::FuncType type;
  for (size_t slot = 0; slot < function.signature.slot_count; ++slot)
    type.params.push_back(function.signature.slot_bits[slot] == 32 ? wasm::kI32 : wasm::kI64);
  if (function.has_result) type.results.push_back(wasm::kI32);
  type.count_slots();
  return type;
}

}  // namespace wrun::wasi
