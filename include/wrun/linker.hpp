// Linker: gives modules their imports, from host functions, other instances and WASI.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "wrun/error.hpp"
#include "wrun/func.hpp"
#include "wrun/instance.hpp"
#include "wrun/module.hpp"
#include "wrun/store.hpp"

namespace wrun {

class Wasi;

// What a host function sees of who calls it. Valid during the call only.
class Caller {
 public:
  // The bytes of the memory that the calling instance exports as "memory"; empty if there is none
  // or the caller is the host. Addresses that a guest passes in are to be checked against its size.
  std::span<std::byte> memory() const;
  Store store() const;
  // Whether Store::interrupt() was called: host functions that wait for something have to look at
  // this now and then, and after EINTR.
  bool interrupted() const;

 private:
  friend struct Access;
  Caller(detail::StoreState& store, runtime::Instance* instance)
      : store_(store), instance_(instance) {}
  detail::StoreState& store_;
  runtime::Instance* instance_;
};

// What a host function returns to end the guest with a status, as proc_exit does. The call into
// the guest then fails with Kind::Exit.
std::unexpected<Error> exit_guest(uint32_t status);

namespace detail {

// A host function by its slots: arguments from 0 on, results there too.
using SlotFunction = std::function<Result<void>(Caller&, uint64_t* slots)>;

template <class R>
struct HostResult {
  using Value = R;
};
template <class R>
struct HostResult<Result<R>> {
  using Value = R;
};

template <class Function>
struct HostSignature;
template <class R, class... Args>
struct HostSignature<std::function<R(Args...)>> {
  using Guest = typename HostResult<R>::Value(std::remove_cvref_t<Args>...);
  static constexpr bool kTakesCaller = false;
};
template <class R, class... Args>
struct HostSignature<std::function<R(Caller&, Args...)>> {
  using Guest = typename HostResult<R>::Value(std::remove_cvref_t<Args>...);
  static constexpr bool kTakesCaller = true;
};

// Wraps a C++ function into one on slots. An exception that leaves it terminates the program: no
// guest frame can be unwound by it.
template <class F>
SlotFunction wrap_host_function(F function) {
  using Signature = HostSignature<decltype(std::function{function})>;
  using Traits = SignatureTraits<typename Signature::Guest>;
  return [function = std::move(function)](Caller& caller,
                                          uint64_t* slots) mutable noexcept -> Result<void> {
    auto call = [&](auto... arguments) {
      if constexpr (Signature::kTakesCaller)
        return function(caller, arguments...);
      else
        return function(arguments...);
    };
    auto arguments = Traits::Params::load(slots);
    using R = decltype(std::apply(call, arguments));
    if constexpr (std::is_void_v<R>) {
      std::apply(call, arguments);
    } else if constexpr (std::is_same_v<R, typename HostResult<R>::Value>) {
      Traits::Results::store(slots, std::apply(call, arguments));
    } else {
      auto result = std::apply(call, arguments);
      if (!result) return std::unexpected(std::move(result).error());
      if constexpr (!std::is_void_v<typename HostResult<R>::Value>)
        Traits::Results::store(slots, *result);
    }
    return {};
  };
}

}  // namespace detail

// Definitions by module and field name, for one store. A later definition of a name replaces the
// earlier one for modules instantiated from then on. Used by the store's thread.
class Linker {
 public:
  explicit Linker(const Store& store);
  ~Linker();
  Linker(Linker&&) noexcept;
  Linker& operator=(Linker&&) noexcept;

  // A host function, its type taken from the C++ signature:
  //
  //   linker.define_func("env", "add", [](int32_t a, int32_t b) { return a + b; });
  //   linker.define_func("env", "log", [](Caller& caller, uint32_t at, uint32_t size) -> Result<void> {…});
  //
  // Parameters and results are as in Func::call<>(); a first parameter Caller& gives access to the
  // calling instance. A Result<> with an error makes the guest trap with its message, or end it, for
  // exit_guest() or an error of Kind::Exit or Kind::Trap from a nested call. The function must
  // not throw; it lives as long as the store. Only the definition allocates, not the calls.
  template <class F>
  void define_func(std::string_view module, std::string_view name, F function) {
    using Signature = typename detail::HostSignature<decltype(std::function{function})>::Guest;
    define_slot_function(module, name, detail::SignatureTraits<Signature>::type(),
                         detail::wrap_host_function(std::move(function)));
  }

  // A host function of a type known only at run time. Fails with Kind::Usage for types with
  // references other than funcref and externref. If it returns values of other types than
  // declared, the guest traps.
  using DynamicFunction =
      std::function<Result<std::vector<Value>>(Caller&, std::span<const Value> arguments)>;
  Result<void> define_func(std::string_view module, std::string_view name, const FuncType& type,
                           DynamicFunction function);

  // Things of the same store.
  void define(std::string_view module, std::string_view name, const Func& function);
  void define(std::string_view module, std::string_view name, const Memory& memory);
  void define(std::string_view module, std::string_view name, const Global& global);
  void define(std::string_view module, std::string_view name, const Table& table);
  // All exports of an instance.
  void define_instance(std::string_view module, const Instance& instance);
  // All functions of WASI preview 1, as "wasi_snapshot_preview1" and "wasi_unstable".
  void define_wasi(const Wasi& wasi);

  Store store() const;
  // The imports of a module that nothing is defined for.
  std::vector<ImportType> missing_imports(const Module& module) const;

  // Instantiates with what is defined (spec 4.7.2) and runs the start function. `name` stands for
  // the module in backtraces if it has no name of its own. Fails with Unlinkable (all imports that
  // are missing or have the wrong type are named), Unsupported (limits), Trap or Exit; Usage if the
  // module is of another engine.
  Result<Instance> instantiate(const Module& module, std::string name = {});

 private:
  struct State;
  void define_slot_function(std::string_view module, std::string_view name, const FuncType& type,
                            detail::SlotFunction function);
  std::unique_ptr<State> state_;
};

}  // namespace wrun
