#include "ir/evaluator.hpp"

#include <array>
#include <cstring>
#include <mutex>

#include "gc/object.hpp"
#include "interp/element_traps.hpp"
#include "ir/evaluation.hpp"
#include "ir/pipeline.hpp"
#include "ir/verifier.hpp"
#include "runtime/cast.hpp"
#include "runtime/gc_operations.hpp"
#include "wasm/semantics_simd.hpp"

namespace wrun::test {

namespace {

using ir::Access;
using ir::Block;
using ir::Edge;
using ir::Function;
using ir::Instruction;
using ir::Op;
using ir::RuntimeCall;
using ir::Slot;
using ir::Type;
using ir::Value;
using runtime::FuncRef;
using runtime::TrapCode;
using runtime::VMContext;

constexpr uint32_t kMaxDepth = 1200;  // calls, each of which takes some of the host's stack

using Evaluate = wasm::TrapKind(const Slot*, uint64_t, const Slot&, Slot&);

template <wasm::Op op>
consteval Evaluate* pure() {
  if constexpr (ir::HasSemantics<op>)
    return ir::evaluate<op>;
  else
    return nullptr;
}

constexpr auto kPure = std::to_array<Evaluate*>({
#define WRUN_OP(id, prefix, code, text, imm, sig, feature, flags) pure<wasm::Op::id>(),
#include "wasm/opcodes.def"
#undef WRUN_OP
});

TrapCode trap_code(wasm::TrapKind kind) {
  switch (kind) {
    case wasm::TrapKind::DivideByZero:      return TrapCode::IntegerDivideByZero;
    case wasm::TrapKind::IntegerOverflow:   return TrapCode::IntegerOverflow;
    case wasm::TrapKind::InvalidConversion: return TrapCode::InvalidConversionToInteger;
    default:                                return TrapCode::None;
  }
}

// The bytes of a lane operation's lane, in the low ones.
uint64_t bytes_mask(uint32_t bytes) {
  return bytes >= 8 ? UINT64_MAX : (uint64_t{1} << 8 * bytes) - 1;
}

}  // namespace

class Activation {
 public:
  Activation(Evaluator& evaluator, const Function& function, VMContext& vm)
      : evaluator_(evaluator),
        function_(function),
        vm_(vm),
        roots_(*vm.store),
        module_(vm.instance->module()) {
    roots_.slots.resize(size_t{2} * function.value_count());
    for (uint32_t i = 0; i < function.value_count(); ++i)
      if (const Instruction& insn = function[Value{i}]; insn.is_constant()) {
        if (insn.op == Op::V128Const)
          set({i}, function.vectors()[insn.low()]);
        else
          set({i}, Slot{insn.immediate, 0});
      }
  }

  // Arguments and results in slots.
  TrapCode run(uint64_t* slots, FuncRef*& tail_callee) {
    read_slots(slots, function_.params(function_.entry()));
    Block block = function_.entry();
    for (;;) {
      for (const Value value : function_.instructions(block)) {
        const Instruction& insn = function_[value];
        TrapCode trap = TrapCode::None;
        if (!ir::info(insn.op).is_terminator()) {
          trap = execute(value, insn);
          if (trap != TrapCode::None) return trap;
          continue;
        }
        switch (insn.op) {
          case Op::Jump:   block = follow(function_.edges(value)[0]); break;
          case Op::Branch: block = follow(function_.edges(value)[low(insn, 0) != 0 ? 0 : 1]); break;
          case Op::Switch: {
            const auto edges = function_.edges(value);
            block = follow(edges[std::min<size_t>(low(insn, 0), edges.size() - 1)]);
            break;
          }
          case Op::Return:      write_slots(slots, function_.operands(value)); return TrapCode::None;
          case Op::Unreachable: return insn.trap;
          case Op::ReturnCall:
            write_slots(slots, function_.operands(value));
            tail_callee = vm_.functions[insn.low()];
            return TrapCode::None;
          case Op::ReturnCallRef:
            write_slots(slots, function_.operands(value).subspan(1));
            tail_callee = reinterpret_cast<FuncRef*>(get(function_.operand(value, 0))[0]);
            return TrapCode::None;
          case Op::ThrowRef:
            vm_.store->uncaught_exception = full(insn, 0);
            return TrapCode::UnhandledException;
          case Op::Invoke:
          case Op::InvokeRef:
            trap = call(value, insn);
            if (trap == TrapCode::UnhandledException) {
              block = follow(function_.edges(value)[1]);
            } else if (trap == TrapCode::None) {
              block = follow(function_.edges(value)[0]);
            } else {
              return trap;
            }
            break;
          default: return TrapCode::HostError;
        }
        break;
      }
    }
  }

 private:
  void set(Value value, const Slot& slot) {
    roots_.slots[2 * value.index] = slot[0];
    roots_.slots[2 * value.index + 1] = slot[1];
  }
  void set64(Value value, uint64_t bits) { set(value, Slot{bits, 0}); }
  Slot get(Value value) const {
    return Slot{roots_.slots[2 * value.index], roots_.slots[2 * value.index + 1]};
  }
  uint64_t full(const Instruction& insn, uint32_t i) const { return get({insn.operands[i]})[0]; }
  uint32_t low(const Instruction& insn, uint32_t i) const {
    return static_cast<uint32_t>(full(insn, i));
  }

  void read_slots(const uint64_t* slots, std::span<const Value> values) {
    for (const Value value : values) {
      if (function_.type(value) == Type::V128) {
        set(value, Slot{slots[0], slots[1]});
        slots += 2;
      } else {
        set64(value, *slots++);
      }
    }
  }
  void write_slots(uint64_t* slots, std::span<const Value> values) const {
    std::vector<uint64_t> out;  // the slots may be what the values came from
    for (const Value value : values) {
      const Slot slot = get(value);
      out.push_back(slot[0]);
      if (function_.type(value) == Type::V128) out.push_back(slot[1]);
    }
    if (!out.empty()) std::memcpy(slots, out.data(), out.size() * sizeof(uint64_t));
  }

  Block follow(const Edge& edge) {
    std::vector<Slot> args;
    for (const Value arg : function_.args(edge)) args.push_back(get(arg));
    const auto params = function_.params(edge.target);
    for (size_t i = 0; i < args.size(); ++i) set(params[i], args[i]);
    return edge.target;
  }

  TrapCode call(Value value, const Instruction& insn) {
    auto operands = function_.operands(value);
    FuncRef* callee = nullptr;
    if (insn.op == Op::Call || insn.op == Op::Invoke) {
      callee = vm_.functions[insn.low()];
    } else {
      callee = reinterpret_cast<FuncRef*>(get(operands[0])[0]);
      operands = operands.subspan(1);
    }
    std::vector<uint64_t> slots(std::max({callee->param_slots, callee->result_slots, 1u}));
    write_slots(slots.data(), operands);
    const TrapCode trap = callee->is_host ? callee->callback(callee->environment, vm_, slots.data())
                                          : evaluator_.call(*vm_.store, *callee, slots.data());
    if (trap != TrapCode::None) return trap;
    results_ = std::move(slots);
    const auto& types = callee->type->results;
    if (types.empty()) return TrapCode::None;
    set(value, Slot{results_[0], types[0].slots() == 2 ? results_[1] : 0});
    result_types_ = &types;
    return TrapCode::None;
  }

  TrapCode execute(Value value, const Instruction& insn) {
    const ir::OpInfo& info = ir::info(insn.op);
    if (info.imm == ir::Imm::Access) return access(value, insn);
    if (is_wasm(insn.op) && kPure[static_cast<size_t>(insn.op)] != nullptr) {
      std::array<Slot, 4> operands = {};
      size_t i = 0;
      for (const Value operand : function_.operands(value)) operands[i++] = get(operand);
      Slot vector = {};
      if (info.imm == ir::Imm::Vector) vector = function_.vectors()[insn.low()];
      Slot result;
      const wasm::TrapKind trap =
          kPure[static_cast<size_t>(insn.op)](operands.data(), insn.immediate, vector, result);
      if (trap != wasm::TrapKind::None) return trap_code(trap);
      set(value, result);
      return TrapCode::None;
    }
    switch (insn.op) {
      case Op::Result:    return result(value, insn);
      case Op::Select:    set(value, get({insn.operands[low(insn, 2) != 0 ? 0 : 1]})); break;
      case Op::GlobalGet: {
        const uint64_t* slots = vm_.globals[insn.low()]->slots;
        set(value, Slot{slots[0], insn.type == Type::V128 ? slots[1] : 0});
        break;
      }
      case Op::GlobalSet: {
        const Slot slot = get({insn.operands[0]});
        uint64_t* slots = vm_.globals[insn.low()]->slots;
        slots[0] = slot[0];
        if (function_.type({insn.operands[0]}) == Type::V128) slots[1] = slot[1];
        break;
      }
      case Op::MemoryBase:
        set64(value, reinterpret_cast<uint64_t>(vm_.memories[insn.low()]->base));
        break;
      case Op::MemoryBytes: set64(value, vm_.memories[insn.low()]->size()); break;
      case Op::BoundsCheck: {
        const uint64_t index = full(insn, 0);
        const uint64_t size = full(insn, 1);
        if (insn.immediate > size || index > size - insn.immediate) return insn.trap;
        set64(value, index);
        break;
      }
      case Op::TableSize:   set64(value, vm_.tables[insn.low()]->size); break;
      case Op::TableGet:    set64(value, vm_.tables[insn.low()]->elements[full(insn, 0)]); break;
      case Op::TableSet:    vm_.tables[insn.low()]->elements[full(insn, 0)] = full(insn, 1); break;
      case Op::AtomicFence: break;
      case Op::RefFunc:     set64(value, reinterpret_cast<uint64_t>(vm_.functions[insn.low()])); break;
      case Op::RefIsNull:   set64(value, full(insn, 0) == 0); break;
      case Op::RefEq:       set64(value, full(insn, 0) == full(insn, 1)); break;
      case Op::NullCheck:
        if (full(insn, 0) == 0) return insn.trap;
        set64(value, full(insn, 0));
        break;
      case Op::SignatureCheck: return signature_check(value, insn);
      case Op::RefTest:
      case Op::RefTestNull:    set64(value, matches(insn, insn.op == Op::RefTestNull)); break;
      case Op::RefCast:
      case Op::RefCastNull:
        if (!matches(insn, insn.op == Op::RefCastNull)) return TrapCode::CastFailure;
        set64(value, full(insn, 0));
        break;
      case Op::RefI31:  set64(value, gc::from_i31(low(insn, 0))); break;
      case Op::I31GetS: set64(value, static_cast<uint32_t>(gc::i31_signed(full(insn, 0)))); break;
      case Op::I31GetU: set64(value, gc::i31_unsigned(full(insn, 0))); break;
      case Op::RefGetDesc:
        set(value, load(object(insn)->at(canonical(insn.low()).descriptor_offset), 8));
        break;
      case Op::RefTestDescEq:
        set64(value, runtime::is_described_by(full(insn, 0), full(insn, 1)));
        break;
      case Op::StructGet:
      case Op::StructGetS:
      case Op::StructGetU: {
        const auto& field = canonical(insn.low()).fields[insn.high()];
        set(value,
            read_field(object(insn)->at(field.offset), field.storage, insn.op == Op::StructGetS));
        break;
      }
      case Op::StructSet: {
        const auto& field = canonical(insn.low()).fields[insn.high()];
        store(object(insn)->at(field.offset), get({insn.operands[1]}),
              1u << wasm::width_log2(field.storage));
        break;
      }
      case Op::ArrayLen: set64(value, array(insn)->length); break;
      case Op::ArrayGet:
      case Op::ArrayGetS:
      case Op::ArrayGetU:
        set(value, read_field(array(insn)->element(low(insn, 1)),
                              canonical(insn.low()).fields[0].storage, insn.op == Op::ArrayGetS));
        break;
      case Op::ArraySet:
        store(array(insn)->element(low(insn, 1)), get({insn.operands[2]}),
              1u << wasm::width_log2(canonical(insn.low()).fields[0].storage));
        break;
      case Op::TagAddress:
        set64(value, reinterpret_cast<uint64_t>(&vm_.instance->tag(insn.low())));
        break;
      case Op::ExceptionNew: {
        std::vector<uint64_t> payload(2 * function_.operands(value).size() + 1);
        write_slots(payload.data(), function_.operands(value));
        const uint64_t exception =
            vm_.store->new_exception(vm_.instance->tag(insn.low()), payload.data());
        if (exception == 0) return TrapCode::OutOfMemory;
        set64(value, exception);
        break;
      }
      case Op::ExceptionTag:
        set64(value, reinterpret_cast<uint64_t>(gc::to_exception(full(insn, 0))->tag));
        break;
      case Op::ExceptionGet: {
        const auto& params = module_.types[module_.tags[insn.low()].type].func.params;
        const uint64_t* slots = gc::to_exception(full(insn, 0))->payload();
        for (uint32_t i = 0; i < insn.high(); ++i) slots += params[i].slots();
        set(value, Slot{slots[0], insn.type == Type::V128 ? slots[1] : 0});
        break;
      }
      case Op::CaughtException: set64(value, vm_.store->uncaught_exception); break;
      case Op::Call:
      case Op::CallRef:         return call(value, insn);
      case Op::CallRuntime:     return call_runtime(value, insn);
      case Op::TrapIf:          return low(insn, 0) != 0 ? insn.trap : TrapCode::None;
      case Op::InterruptCheck:
        return vm_.store->interrupted() ? TrapCode::Interrupted : TrapCode::None;
      case Op::ConsumeFuel:
        vm_.store->fuel -= static_cast<int64_t>(insn.immediate);
        return vm_.store->fuel < 0 ? TrapCode::OutOfFuel : TrapCode::None;
      default: return object_operation(value, insn);
    }
    return TrapCode::None;
  }

  TrapCode result(Value value, const Instruction& insn) {
    const Instruction& of = function_[Value{insn.operands[0]}];
    if (is_wasm(of.op) && kPure[static_cast<size_t>(of.op)] != nullptr) {
      set64(value, get({insn.operands[0]})[1]);
      return TrapCode::None;
    }
    size_t slot = 0;
    for (uint32_t i = 0; i < insn.immediate; ++i) slot += (*result_types_)[i].slots();
    set(value, Slot{results_[slot], insn.type == Type::V128 ? results_[slot + 1] : 0});
    return TrapCode::None;
  }

  // --- memory

  static Slot load(const std::byte* from, uint32_t bytes) {
    Slot slot = {0, 0};
    std::memcpy(&slot, from, bytes);
    return slot;
  }
  static void store(std::byte* to, const Slot& slot, uint32_t bytes) {
    std::memcpy(to, &slot, bytes);
  }

  TrapCode access(Value value, const Instruction& insn) {
    const Access access = insn.access();
    const wasm::OpInfo& info = wasm::info(to_wasm(insn.op));
    const uint32_t bytes = 1u << info.access_log2();
    const runtime::MemoryView* view = vm_.memories[access.memory];
    const bool is_32 = function_.type({insn.operands[0]}) == Type::I32;
    uint64_t index = is_32 ? low(insn, 0) : full(insn, 0);
    if (access.is_absolute) index -= reinterpret_cast<uint64_t>(view->base);
    const uint64_t size = view->size();
    uint64_t begin = 0;
    if (__builtin_add_overflow(index, uint64_t{access.offset}, &begin) || begin > size ||
        bytes > size - begin)
      return access.is_checked ? TrapCode::HostError : TrapCode::OutOfBoundsMemoryAccess;
    std::byte* place = view->base + begin;
    const Slot operand = insn.operands[1] == UINT32_MAX ? Slot{} : get({insn.operands[1]});
    if (info.imm == wasm::Imm::MemArgLane) {
      std::byte lanes[16];
      std::memcpy(lanes, &operand, 16);
      if (info.has(wasm::op_flag::Store)) {
        std::memcpy(place, lanes + access.lane * bytes, bytes);
      } else {
        std::memcpy(lanes + access.lane * bytes, place, bytes);
        set(value, load(lanes, 16));
      }
      return TrapCode::None;
    }
    if (info.has(wasm::op_flag::Atomic) && info.has(wasm::op_flag::Load) &&
        info.has(wasm::op_flag::Store)) {
      const uint64_t old = load(place, bytes)[0];
      const Slot expected = operand;
      const uint64_t other = insn.operands[2] == UINT32_MAX ? 0 : get({insn.operands[2]})[0];
      const uint64_t next = modified(insn.op, old, expected[0], other, bytes);
      store(place, Slot{next, 0}, bytes);
      set64(value, old);
      return TrapCode::None;
    }
    if (info.has(wasm::op_flag::Store)) {
      store(place, operand, bytes);
      return TrapCode::None;
    }
    set(value, loaded(insn.op, load(place, bytes), bytes));
    return TrapCode::None;
  }

  static uint64_t modified(Op op, uint64_t old, uint64_t operand, uint64_t replacement,
                           uint32_t bytes) {
    const std::string_view name = ir::text(op);
    const auto is = [&](std::string_view what) { return name.find(what) != name.npos; };
    const uint64_t mask = bytes_mask(bytes);
    if (is(".cmpxchg")) return old == (operand & mask) ? replacement : old;
    if (is(".xchg")) return operand;
    if (is(".add")) return old + operand;
    if (is(".sub")) return old - operand;
    if (is(".and")) return old & operand;
    if (is(".xor")) return old ^ operand;
    return old | operand;
  }

  template <class From, class To>
  static Slot widen(const Slot& from) {
    Slot to = {0, 0};
    for (size_t i = 0; i < 16 / sizeof(To); ++i) {
      From lane;
      std::memcpy(&lane, reinterpret_cast<const std::byte*>(&from) + i * sizeof(From), sizeof lane);
      const To wide = lane;
      std::memcpy(reinterpret_cast<std::byte*>(&to) + i * sizeof(To), &wide, sizeof wide);
    }
    return to;
  }
  static Slot splat(const Slot& from, uint32_t bytes) {
    Slot to;
    for (uint32_t i = 0; i < 16; i += bytes)
      std::memcpy(reinterpret_cast<std::byte*>(&to) + i, &from, bytes);
    return to;
  }
  static Slot loaded(Op op, const Slot& raw, uint32_t bytes) {
    const auto low = raw[0];
    switch (op) {
      case Op::I32Load8S:  return Slot{static_cast<uint32_t>(static_cast<int8_t>(low)), 0};
      case Op::I32Load16S: return Slot{static_cast<uint32_t>(static_cast<int16_t>(low)), 0};
      case Op::I64Load8S:  return Slot{static_cast<uint64_t>(int64_t{static_cast<int8_t>(low)}), 0};
      case Op::I64Load16S:
        return Slot{static_cast<uint64_t>(int64_t{static_cast<int16_t>(low)}), 0};
      case Op::I64Load32S:
        return Slot{static_cast<uint64_t>(int64_t{static_cast<int32_t>(low)}), 0};
      case Op::V128Load8x8S:    return widen<int8_t, int16_t>(raw);
      case Op::V128Load8x8U:    return widen<uint8_t, uint16_t>(raw);
      case Op::V128Load16x4S:   return widen<int16_t, int32_t>(raw);
      case Op::V128Load16x4U:   return widen<uint16_t, uint32_t>(raw);
      case Op::V128Load32x2S:   return widen<int32_t, int64_t>(raw);
      case Op::V128Load32x2U:   return widen<uint32_t, uint64_t>(raw);
      case Op::V128Load8Splat:
      case Op::V128Load16Splat:
      case Op::V128Load32Splat:
      case Op::V128Load64Splat: return splat(raw, bytes);
      default:                  return raw;
    }
  }

  // --- references and objects

  const wasm::CanonicalType& canonical(wasm::TypeIndex type) const {
    return vm_.store->types().type(module_.canonical_types[type]);
  }
  gc::Object* object(const Instruction& insn) const { return gc::to_object(full(insn, 0)); }
  gc::Array* array(const Instruction& insn) const { return gc::to_array(full(insn, 0)); }

  Slot read_field(const std::byte* from, wasm::ValType storage, bool sign_extends) const {
    const Slot raw = load(from, 1u << wasm::width_log2(storage));
    if (!sign_extends) return raw;
    const uint64_t bits = raw[0];
    if (storage.kind() == wasm::ValType::Kind::I8)
      return Slot{static_cast<uint32_t>(static_cast<int8_t>(bits)), 0};
    return Slot{static_cast<uint32_t>(static_cast<int16_t>(bits)), 0};
  }

  bool matches(const Instruction& insn, bool nullable) const {
    wasm::HeapType heap = wasm::HeapType::from_bits(insn.low());
    if (heap.is_concrete())
      heap = wasm::HeapType::concrete(module_.canonical_types[heap.index()], heap.is_exact());
    const wasm::TypeRegistry& types = vm_.store->types();
    return runtime::matches(full(insn, 0), runtime::cast_target(types, heap, nullable), types);
  }

  TrapCode signature_check(Value value, const Instruction& insn) {
    const auto* callee = reinterpret_cast<const FuncRef*>(full(insn, 0));
    const TrapCode trap = interp::check_element(callee, module_.canonical_types[insn.low()],
                                                full(insn, 1), *vm_.store);
    if (trap != TrapCode::None) return trap;
    set64(value, full(insn, 0));
    return TrapCode::None;
  }

  TrapCode object_operation(Value value, const Instruction& insn) {
    static constexpr struct {
      Op op;
      runtime::ObjectOperation* run;
    } kOperations[] = {
        {           Op::StructNew,              runtime::struct_new},
        {    Op::StructNewDefault,      runtime::struct_new_default},
        {       Op::StructNewDesc,         runtime::struct_new_desc},
        {Op::StructNewDefaultDesc, runtime::struct_new_default_desc},
        {            Op::ArrayNew,               runtime::array_new},
        {     Op::ArrayNewDefault,       runtime::array_new_default},
        {       Op::ArrayNewFixed,         runtime::array_new_fixed},
        {        Op::ArrayNewData,          runtime::array_new_data},
        {        Op::ArrayNewElem,          runtime::array_new_elem},
        {           Op::ArrayFill,              runtime::array_fill},
        {           Op::ArrayCopy,              runtime::array_copy},
        {       Op::ArrayInitData,         runtime::array_init_data},
        {       Op::ArrayInitElem,         runtime::array_init_elem},
    };
    for (const auto& operation : kOperations) {
      if (operation.op != insn.op) continue;
      std::vector<uint64_t> slots(2 * function_.operands(value).size() + 1);
      write_slots(slots.data(), function_.operands(value));
      const runtime::ObjectOperands operands = {.type = &canonical(insn.low()),
                                                .immediate = insn.high(),
                                                .slots = slots.data(),
                                                .stack_end = slots.data() + slots.size()};
      gc::Reference reference = 0;
      const TrapCode trap = operation.run(vm_, operands, reference);
      if (insn.type == Type::Ref) set64(value, reference);
      return trap;
    }
    return TrapCode::HostError;
  }

  // --- helpers of the runtime

  TrapCode call_runtime(Value value, const Instruction& insn) {
    std::array<uint64_t, ir::kMaxRuntimeOperands> a = {};
    size_t count = 0;
    for (const Value operand : function_.operands(value)) a[count++] = get(operand)[0];
    const auto index = static_cast<uint32_t>(a[0]);
    const auto index2 = static_cast<uint32_t>(a[1]);
    runtime::Instance& instance = *vm_.instance;
    switch (insn.runtime_call()) {
      case RuntimeCall::MemoryGrow:
        set64(value, instance.memory(index).grow(a[1]).value_or(UINT64_MAX));
        return TrapCode::None;
      case RuntimeCall::MemoryFill:
        if (!in_bounds(index, a[1], a[3])) return TrapCode::OutOfBoundsMemoryAccess;
        std::memset(vm_.memories[index]->base + a[1], static_cast<uint8_t>(a[2]), a[3]);
        return TrapCode::None;
      case RuntimeCall::MemoryCopy:
        if (!in_bounds(index, a[2], a[4]) || !in_bounds(index2, a[3], a[4]))
          return TrapCode::OutOfBoundsMemoryAccess;
        std::memmove(vm_.memories[index]->base + a[2], vm_.memories[index2]->base + a[3], a[4]);
        return TrapCode::None;
      case RuntimeCall::MemoryInit:
        return instance.memory_init(index2, index, a[2], static_cast<uint32_t>(a[3]),
                                    static_cast<uint32_t>(a[4]));
      case RuntimeCall::DataDrop: instance.data_drop(index); return TrapCode::None;
      case RuntimeCall::AtomicNotify:
        set64(value, instance.memory_notify(index, vm_.memories[index]->base + a[1],
                                            static_cast<uint32_t>(a[2])));
        return TrapCode::None;
      case RuntimeCall::AtomicWait32: return wait<uint32_t>(value, index, a);
      case RuntimeCall::AtomicWait64: return wait<uint64_t>(value, index, a);
      case RuntimeCall::TableGrow:
        set64(value, instance.table(index).grow(a[2], a[1]).value_or(UINT64_MAX));
        return TrapCode::None;
      case RuntimeCall::TableFill: return instance.table_fill(index, a[1], a[2], a[3]);
      case RuntimeCall::TableCopy: return instance.table_copy(index, index2, a[2], a[3], a[4]);
      case RuntimeCall::TableInit:
        return instance.table_init(index2, index, a[2], static_cast<uint32_t>(a[3]),
                                   static_cast<uint32_t>(a[4]));
      case RuntimeCall::ElemDrop: instance.elem_drop(index); return TrapCode::None;
      default:                    break;  // what only selection makes
    }
    return TrapCode::HostError;
  }

  bool in_bounds(uint32_t memory, uint64_t at, uint64_t count) const {
    const uint64_t size = vm_.memories[memory]->size();
    return at <= size && count <= size - at;
  }

  template <class T>
  TrapCode wait(Value value, uint32_t memory,
                const std::array<uint64_t, ir::kMaxRuntimeOperands>& a) {
    uint32_t outcome = 0;
    const auto* place = reinterpret_cast<const T*>(vm_.memories[memory]->base + a[1]);
    const TrapCode trap = vm_.instance->memory_wait(memory, place, static_cast<T>(a[2]),
                                                    static_cast<int64_t>(a[3]), outcome);
    set64(value, outcome);
    return trap;
  }

  Evaluator& evaluator_;
  const Function& function_;
  VMContext& vm_;
  runtime::TemporaryRoots roots_;  // the values, two slots each
  const wasm::Module& module_;
  std::vector<uint64_t> results_;  // of the latest call
  const std::vector<wasm::ValType>* result_types_ = nullptr;
};

Result<void> Evaluator::prepare(runtime::Instance& instance) {
  const wasm::Module& module = instance.module();
  for (uint32_t i = module.imported_functions; i < module.functions.size(); ++i)
    instance.function(i).code = this;
  return {};
}

const ir::Function& Evaluator::function_of(FuncRef& function) {
  std::unique_ptr<ir::Function>& known = functions_[&function];
  if (known == nullptr) {
    auto built = ir::build(function.vm->instance->module(), function.function_index, options_);
    if (!built) {
      problems += std::string(built.error().what) + "\n";
      std::abort();
    }
    known = std::make_unique<ir::Function>(std::move(*built));
    if (transform_) transform_(*known);
    if (const auto verified = ir::verify(*known); !verified) problems += verified.error() + "\n";
    ++evaluated;
  }
  return *known;
}

TrapCode Evaluator::call(runtime::Store& store, FuncRef& function, uint64_t* slots) {
  if (depth_ >= kMaxDepth) return TrapCode::CallStackExhausted;
  ++depth_;
  FuncRef* callee = &function;
  TrapCode trap = TrapCode::None;
  // The slots of a tail call may be more than the caller gave room for.
  std::vector<uint64_t> room(2048);
  std::memcpy(room.data(), slots, function.param_slots * sizeof(uint64_t));
  while (callee != nullptr && trap == TrapCode::None) {
    FuncRef* next = nullptr;
    if (callee->is_host) {
      trap = callee->callback(callee->environment, *function.vm, room.data());
    } else {
      Activation activation(*this, function_of(*callee), *callee->vm);
      trap = activation.run(room.data(), next);
    }
    callee = next;
  }
  --depth_;
  if (trap == TrapCode::None)
    std::memcpy(slots, room.data(), function.result_slots * sizeof(uint64_t));
  store.last_trap().frames.clear();
  return trap;
}

void optimise(ir::Function& function, std::string& problem) {
  ir::PipelineReport report;
  ir::run_pipeline(function, {.verify = true}, report);
  if (problem.empty()) problem = report.problem;
}

}  // namespace wrun::test
