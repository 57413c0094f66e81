// Func: a function of a store, called with typed or dynamic values.
#pragma once

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "wrun/error.hpp"
#include "wrun/value.hpp"

namespace wrun {

namespace runtime {
struct FuncRef;
}

namespace detail {
struct StoreState;

// How C++ types cross: their value kind, and the 64-bit slots that hold them in a call.
template <class T>
struct Crossing;
template <class T, ValueKind kKindOfT>
struct NumberCrossing {
  static constexpr ValueKind kKind = kKindOfT;
  static constexpr size_t kSlots = (sizeof(T) + 7) / 8;
  static void store(uint64_t* slots, const T& value) {
    if constexpr (sizeof(T) < 8) slots[0] = 0;
    std::memcpy(slots, &value, sizeof(T));  // little endian hosts only
  }
  static T load(const uint64_t* slots) {
    T value;
    std::memcpy(&value, slots, sizeof(T));
    return value;
  }
};
static_assert(std::endian::native == std::endian::little);
template <std::integral T>
  requires(sizeof(T) == 4 || sizeof(T) == 8)
struct Crossing<T> : NumberCrossing<T, sizeof(T) == 4 ? ValueKind::I32 : ValueKind::I64> {};
template <>
struct Crossing<float> : NumberCrossing<float, ValueKind::F32> {};
template <>
struct Crossing<double> : NumberCrossing<double, ValueKind::F64> {};
template <>
struct Crossing<V128> : NumberCrossing<V128, ValueKind::V128> {};

// A list of crossing types: parameters or results.
template <class... T>
struct Crossings {
  using Tuple = std::tuple<T...>;
  static constexpr size_t kSlots = (size_t{0} + ... + Crossing<T>::kSlots);
  static std::vector<ValueType> types() { return {ValueType(Crossing<T>::kKind)...}; }
  static void store([[maybe_unused]] uint64_t* slots, const T&... values) {
    ((Crossing<T>::store(slots, values), slots += Crossing<T>::kSlots), ...);
  }
  static Tuple load([[maybe_unused]] const uint64_t* slots) {
    return Tuple{load_next<T>(slots)...};  // braces: evaluated from left to right
  }

 private:
  template <class U>
  static U load_next(const uint64_t*& slots) {
    const U value = Crossing<U>::load(slots);
    slots += Crossing<U>::kSlots;
    return value;
  }
};

// Results: nothing, one value, or a tuple of several.
template <class R>
struct ResultCrossings : Crossings<R> {
  static void store(uint64_t* slots, const R& value) { Crossings<R>::store(slots, value); }
  static R load(const uint64_t* slots) { return Crossing<R>::load(slots); }
};
template <>
struct ResultCrossings<void> : Crossings<> {
  static void load(const uint64_t*) {}
};
template <class... T>
struct ResultCrossings<std::tuple<T...>> : Crossings<T...> {
  static void store(uint64_t* slots, const std::tuple<T...>& values) {
    std::apply([&](const T&... value) { Crossings<T...>::store(slots, value...); }, values);
  }
};

template <class Signature>
struct SignatureTraits;
template <class R, class... Args>
struct SignatureTraits<R(Args...)> {
  using Params = Crossings<Args...>;
  using Results = ResultCrossings<R>;
  using Return = Result<R>;
  static constexpr size_t kSlots = std::max({Params::kSlots, Results::kSlots, size_t{1}});
  static FuncType type() { return {Params::types(), Results::types()}; }
};

}  // namespace detail

template <class Signature>
class TypedFunc;

// A handle; it keeps its store alive. Calls are made by the one thread that uses the store; a host
// function may call back into guest code of its own store.
class Func {
 public:
  FuncType type() const;

  // Fails with Kind::Usage if the arguments do not fit the type, Kind::Trap if the guest trapped and
  // Kind::Exit if it ended itself. The store can be used on after any of them.
  Result<std::vector<Value>> call(std::span<const Value> arguments) const;
  Result<std::vector<Value>> call(std::initializer_list<Value> arguments = {}) const {
    return call(std::span(arguments.begin(), arguments.size()));
  }

  // func.call<int32_t(int32_t, int32_t)>(1, 2) is a Result<int32_t>. Several results come as a
  // std::tuple. Integers of either sign, float, double and V128 can cross. Fails like the other
  // call(), with Kind::Usage if the signature is not the function's.
  template <class Signature, class... Args>
  typename detail::SignatureTraits<Signature>::Return call(const Args&... arguments) const {
    auto function = typed<Signature>();
    if (!function) return std::unexpected(std::move(function).error());
    return (*function)(arguments...);
  }

  // The signature checked once, for many calls.
  template <class Signature>
  Result<TypedFunc<Signature>> typed() const;

 private:
  friend struct Access;
  template <class>
  friend class TypedFunc;
  Func(std::shared_ptr<detail::StoreState> store, runtime::FuncRef* function)
      : store_(std::move(store)), function_(function) {}
  Result<void> check_type(const FuncType& wanted) const;
  Result<void> call_slots(uint64_t* slots) const;

  std::shared_ptr<detail::StoreState> store_;
  runtime::FuncRef* function_;
};

template <class R, class... Args>
class TypedFunc<R(Args...)> {
 public:
  Result<R> operator()(Args... arguments) const {
    using Traits = detail::SignatureTraits<R(Args...)>;
    uint64_t slots[Traits::kSlots];
    Traits::Params::store(slots, arguments...);
    if (auto done = function_.call_slots(slots); !done)
      return std::unexpected(std::move(done).error());
    if constexpr (std::is_void_v<R>)
      return {};
    else
      return Traits::Results::load(slots);
  }

 private:
  friend class Func;
  explicit TypedFunc(Func function) : function_(std::move(function)) {}
  Func function_;
};

template <class Signature>
Result<TypedFunc<Signature>> Func::typed() const {
  if (auto fits = check_type(detail::SignatureTraits<Signature>::type()); !fits)
    return std::unexpected(std::move(fits).error());
  return TypedFunc<Signature>(*this);
}

}  // namespace wrun
