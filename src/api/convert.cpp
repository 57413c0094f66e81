#include "api/convert.hpp"

#include <utility>

#include "api/state.hpp"
#include "runtime/cast.hpp"
#include "runtime/import_matching.hpp"
#include "runtime/instance.hpp"

namespace wrun {

struct ValueAccess {
  static Value make(ValueKind kind, std::array<uint64_t, 2> slots, uint64_t store) {
    return Value(kind, slots, store);
  }
  static const std::array<uint64_t, 2>& slots(const Value& value) { return value.slots_; }
  static uint64_t store(const Value& value) { return value.store_; }
};

namespace {

ValueKind kind_of(wasm::ValType type) {
  switch (type.kind()) {
    case wasm::ValType::Kind::I32:  return ValueKind::I32;
    case wasm::ValType::Kind::I64:  return ValueKind::I64;
    case wasm::ValType::Kind::F32:  return ValueKind::F32;
    case wasm::ValType::Kind::F64:  return ValueKind::F64;
    case wasm::ValType::Kind::V128: return ValueKind::V128;
    default:                        break;
  }
  if (type == wasm::kFuncRef) return ValueKind::FuncRef;
  if (type == wasm::kExternRef) return ValueKind::ExternRef;
  return ValueKind::Ref;
}

}  // namespace

ValueType to_public(wasm::ValType type) { return ValueType(kind_of(type), wasm::to_string(type)); }

FuncType to_public(const wasm::FuncType& type) {
  FuncType out;
  for (const wasm::ValType param : type.params) out.params.push_back(to_public(param));
  for (const wasm::ValType result : type.results) out.results.push_back(to_public(result));
  return out;
}

MemoryType to_public(const wasm::MemoryType& type) {
  return {.minimum = type.limits.minimum,
          .maximum = type.limits.maximum,
          .is_64 = type.limits.is_64,
          .is_shared = type.is_shared,
          .page_size = uint64_t{1} << type.page_size_log2};
}

ExternType extern_type(const wasm::Module& module, wasm::ExternKind kind, uint32_t index) {
  ExternType type;
  type.kind = static_cast<ExternKind>(kind);
  type.text =
      runtime::describe_import(module, {.module = {}, .name = {}, .kind = kind, .index = index});
  if (kind == wasm::ExternKind::Func) type.func = to_public(module.func_type(index));
  if (kind == wasm::ExternKind::Memory) type.memory = to_public(module.memories[index]);
  return type;
}
static_assert(static_cast<int>(ExternKind::Tag) == static_cast<int>(wasm::ExternKind::Tag));

std::optional<wasm::ValType> to_internal(const ValueType& type) {
  switch (type.kind()) {
    case ValueKind::I32:       return wasm::kI32;
    case ValueKind::I64:       return wasm::kI64;
    case ValueKind::F32:       return wasm::kF32;
    case ValueKind::F64:       return wasm::kF64;
    case ValueKind::V128:      return wasm::kV128;
    case ValueKind::FuncRef:   return wasm::kFuncRef;
    case ValueKind::ExternRef: return wasm::kExternRef;
    case ValueKind::Ref:       break;
  }
  return std::nullopt;
}

std::optional<wasm::FuncType> to_internal(const FuncType& type) {
  wasm::FuncType out;
  const auto convert = [](const std::vector<ValueType>& from, std::vector<wasm::ValType>& to) {
    for (const ValueType& one : from) {
      const auto converted = to_internal(one);
      if (!converted) return false;
      to.push_back(*converted);
    }
    return true;
  };
  if (!convert(type.params, out.params) || !convert(type.results, out.results)) return std::nullopt;
  out.count_slots();
  return out;
}

std::vector<wasm::ValType> canonical_types(const runtime::FuncRef& function,
                                           std::span<const wasm::ValType> types) {
  std::vector<wasm::ValType> canonical(types.begin(), types.end());
  if (function.vm == nullptr) return canonical;  // the host's have abstract types only
  for (wasm::ValType& type : canonical)
    type = runtime::canonical_type(function.vm->instance->module(), type);
  return canonical;
}

namespace {

// The hierarchies of references; any and extern share their values.
enum class Hierarchy : uint64_t { Any, Func, Exn };

Hierarchy hierarchy_of(wasm::ValType type, const wasm::TypeRegistry& types) {
  const wasm::HeapType heap = type.heap();
  if (heap.is_concrete())
    return types.type(heap.index()).kind == wasm::CanonicalType::Kind::Func ? Hierarchy::Func
                                                                            : Hierarchy::Any;
  using enum wasm::HeapType::Abstract;
  switch (heap.abstract()) {
    case Func:
    case NoFunc: return Hierarchy::Func;
    case Exn:
    case NoExn:  return Hierarchy::Exn;
    default:     return Hierarchy::Any;
  }
}

// Values may be copied anywhere and kept for too long, or be of another store: nothing is believed
// but what the store itself can tell.
bool is_reference_to(const Value& value, wasm::ValType type, detail::StoreState& store) {
  const runtime::RefSlot slot = ValueAccess::slots(value)[0];
  const wasm::TypeRegistry& types = store.store->types();
  const Hierarchy hierarchy = hierarchy_of(type, types);
  if (static_cast<uint64_t>(hierarchy) != ValueAccess::slots(value)[1]) return false;
  const bool is_object = hierarchy != Hierarchy::Func && gc::is_object(slot);
  const bool is_number = hierarchy == Hierarchy::Any && !is_object;
  if (!is_number && ValueAccess::store(value) != store.id) return false;
  if (is_object && !store.store->heap().is_object(slot)) return false;
  return runtime::matches_non_null(slot, runtime::cast_target(types, type.heap(), type.nullable()),
                                   types);
}

}  // namespace

Value load_value(wasm::ValType type, const uint64_t* slots, detail::StoreState& store) {
  const ValueKind kind = kind_of(type);
  if (!type.is_ref())
    return ValueAccess::make(kind, {slots[0], type.slots() == 2 ? slots[1] : 0}, 0);
  if (slots[0] == 0) return Value::null(kind);
  const Hierarchy hierarchy = hierarchy_of(type, store.store->types());
  if (hierarchy != Hierarchy::Func && gc::is_object(slots[0]))
    store.store->host_references.push_back(slots[0]);
  return ValueAccess::make(kind, {slots[0], static_cast<uint64_t>(hierarchy)}, store.id);
}

bool store_value(const Value& value, wasm::ValType type, detail::StoreState& store,
                 uint64_t* slots) {
  if (!type.is_ref()) {
    if (value.kind() != kind_of(type)) return false;
    if (type.slots() == 2) slots[1] = ValueAccess::slots(value)[1];
  } else if (value.kind() < ValueKind::FuncRef) {
    return false;
  } else if (value.is_null() ? !type.nullable() : !is_reference_to(value, type, store)) {
    return false;
  }
  slots[0] = ValueAccess::slots(value)[0];
  return true;
}

std::vector<Value> load_values(std::span<const wasm::ValType> types, const uint64_t* slots,
                               detail::StoreState& store) {
  std::vector<Value> values;
  values.reserve(types.size());
  for (const wasm::ValType type : types) {
    values.push_back(load_value(type, slots, store));
    slots += type.slots();
  }
  return values;
}

Result<void> store_values(std::span<const Value> values, std::span<const wasm::ValType> types,
                          const char* what, detail::StoreState& store, uint64_t* slots) {
  if (values.size() != types.size())
    return fail(Error::Kind::Usage, std::to_string(types.size()) + " " + what + "s expected, not " +
                                        std::to_string(values.size()));
  for (size_t i = 0; i < types.size(); ++i) {
    if (!store_value(values[i], types[i], store, slots))
      return fail(Error::Kind::Usage, std::string(what) + " " + std::to_string(i + 1) +
                                          " is not a value of type " + wasm::to_string(types[i]));
    slots += types[i].slots();
  }
  return {};
}

Error to_error(runtime::Trap trap) {
  const bool exited = trap.code == runtime::TrapCode::Exit;
  Error error;
  error.kind = exited ? Error::Kind::Exit : Error::Kind::Trap;
  error.message =
      exited ? "the guest exited with status " + std::to_string(trap.exit_status) : trap.message;
  error.trap = std::make_shared<const Trap>(std::move(trap));
  return error;
}

}  // namespace wrun
