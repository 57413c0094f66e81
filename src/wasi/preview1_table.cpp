#include "wasi/preview1_table.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

#include "wasi/preview1.hpp"
#include "wasi/wasi.hpp"

namespace wrun::wasi {
namespace {

using runtime::HostCallback;
using runtime::TrapCode;
using runtime::VMContext;

// --- from the C++ member to the callback ---

template <auto kMember>
struct Call;

template <class Return, class... Parameters, Return (Preview1::*kMember)(Parameters...)>
struct Call<kMember> {
  static constexpr bool kHasResult = !std::is_void_v<Return>;

  // Whether the table's parameters, "i32 fd, i64 offset", are those of the member.
  static consteval bool matches(std::string_view parameters) {
    bool equal = true;
    [[maybe_unused]] const auto take = [&](std::string_view type) {
      equal = equal && parameters.starts_with(type);
      parameters.remove_prefix(std::min(parameters.find(", "), parameters.size()));
      if (!parameters.empty()) parameters.remove_prefix(2);
    };
    (take(sizeof(Parameters) == 4 ? "i32 " : "i64 "), ...);
    return equal && parameters.empty();
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

struct Function {
  std::string_view name;
  std::string_view parameters;
  bool has_result;
  HostCallback preview1;
  HostCallback unstable;  // null: not there
};

constexpr Function kFunctions[] = {
#define WRUN_WASI(name, parameters)                                                       \
  {#name, parameters, Call<&Preview1::name>::kHasResult, Call<&Preview1::name>::callback, \
   Call<&Preview1::name>::callback},
#define WRUN_WASI_BY_SNAPSHOT(name, parameters)                                  \
  {#name, parameters, true, Call<&Preview1::name<Snapshot::Preview1>>::callback, \
   Call<&Preview1::name<Snapshot::Unstable>>::callback},
#define WRUN_WASI_PREVIEW1(name, parameters) \
  {#name, parameters, true, Call<&Preview1::name>::callback, nullptr},
#include "wasi/preview1.def"
#undef WRUN_WASI
#undef WRUN_WASI_BY_SNAPSHOT
#undef WRUN_WASI_PREVIEW1
};

static_assert(std::size(kFunctions) == 46);
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

#define WRUN_WASI(name, parameters) static_assert(Call<&Preview1::name>::matches(parameters));
#define WRUN_WASI_BY_SNAPSHOT(name, parameters) \
  static_assert(Call<&Preview1::name<Snapshot::Preview1>>::matches(parameters));
#define WRUN_WASI_PREVIEW1(name, parameters) WRUN_WASI(name, parameters)
#include "wasi/preview1.def"
#undef WRUN_WASI
#undef WRUN_WASI_BY_SNAPSHOT
#undef WRUN_WASI_PREVIEW1

wasm::FuncType type_of(const Function& function) {
  wasm::FuncType type;
  for (size_t at = 0; at < function.parameters.size();) {
    type.params.push_back(function.parameters[at + 1] == '3' ? wasm::kI32 : wasm::kI64);
    const size_t comma = function.parameters.find(", ", at);
    at = comma == std::string_view::npos ? function.parameters.size() : comma + 2;
  }
  if (function.has_result) type.results.push_back(wasm::kI32);
  type.count_slots();
  return type;
}

}  // namespace

bool find_function(std::string_view module, std::string_view name, runtime::HostFunction& out) {
  const bool preview1 = module == "wasi_snapshot_preview1";
  if (!preview1 && module != "wasi_unstable") return false;
  const Function* found = std::ranges::lower_bound(kFunctions, name, {}, &Function::name);
  if (found == std::end(kFunctions) || found->name != name) return false;
  const HostCallback callback = preview1 ? found->preview1 : found->unstable;
  if (!callback) return false;
  out = {type_of(*found), callback, nullptr};
  return true;
}

}  // namespace wrun::wasi
