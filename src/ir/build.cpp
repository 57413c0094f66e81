#include "ir/builder.hpp"

namespace wrun::ir {

namespace {

uint32_t count_locals(const wasm::Module& module, uint32_t function_index) {
  const wasm::Function& function = module.functions[function_index];
  auto locals = static_cast<uint32_t>(module.func_type(function_index).params.size());
  binary::InstructionReader<true> reader(module.bytes.data(), function.body_offset,
                                         function.body_offset + function.body_size);
  reader.read_locals([&](uint32_t count, wasm::ValType) {
    locals += count;
    return true;
  });
  return locals;
}

}  // namespace

Builder::Builder(const wasm::Module& module, uint32_t function_index, const BuildOptions& options)
    : module_(module),
      wasm_function_(module.functions[function_index]),
      options_(options),
      function_(module, function_index),
      flow_(module, wasm_function_, count_locals(module, function_index), options.entry_loop) {}

std::expected<Function, Unsupported> build(const wasm::Module& module, uint32_t function_index,
                                           const BuildOptions& options) {
  return Builder(module, function_index, options).build();
}

std::expected<Function, Unsupported> Builder::build() {
  if (!flow_.is_complete())
    return std::unexpected(Unsupported{"so many locals and blocks", wasm_function_.body_offset});
  function_.reserve(wasm_function_.body_size);
  if (options_.entry_loop != 0) begin_entry_at_loop();
  binary::InstructionReader<true> reader(module_.bytes.data(), wasm_function_.body_offset,
                                         wasm_function_.body_offset + wasm_function_.body_size);
  begin_function();
  reader.read_locals([&](uint32_t count, wasm::ValType type) {
    locals_.insert(locals_.end(), count, function_.constant(type_of(type), 0));
    return true;
  });
  if (options_.interruptible) append({.op = Op::InterruptCheck});
  begin_metered_block();

  binary::Instruction insn;
  while (!controls_.empty() && reader.next(insn)) {
    offset_ = insn.offset;
    if (reachable_) {
      ++fuel_cost_;
      instruction(insn);
    } else {
      skip_dead(insn);
    }
    if (unsupported_) return std::unexpected(*unsupported_);
  }
  WRUN_CHECK(controls_.empty());
  begin_metered_block();
  if (options_.entry_loop != 0) finish_entry_at_loop();
  if (unsupported_) return std::unexpected(*unsupported_);
  return std::move(function_);
}

void Builder::begin_function() {
  const wasm::FuncType& type = function_.type();
  block_ = function_.create_block();
  for (const wasm::ValType param : type.params)
    locals_.push_back(options_.entry_loop != 0 ? function_.constant(type_of(param), 0)
                                               : function_.add_param(block_, type_of(param)));
  Control& body = controls_.emplace_back();
  body.signature.type = &type;
}

void Builder::unsupported(std::string_view what) { unsupported_ = Unsupported{what, offset_}; }

// As the interpreter does: for a whole run of instructions before the first of them.
void Builder::begin_metered_block() {
  if (!options_.fuel) return;
  if (fuel_.exists()) function_[fuel_].immediate = fuel_cost_;
  fuel_cost_ = 0;
  fuel_ = kNoValue;
  if (!controls_.empty() && reachable_) fuel_ = append({.op = Op::ConsumeFuel});
}

// --- values

Value Builder::append(const ir::Instruction& insn) {
  const Value value = function_.create(insn, offset_);
  function_.append(block_, value);
  return value;
}

Value Builder::emit(Op op, Type type, Value a, Value b, Value c, uint64_t immediate) {
  return append({
      .op = op, .type = type, .operands = {a.index, b.index, c.index},
              .immediate = immediate
  });
}

Value Builder::emit_trapping(Op op, Type type, TrapCode trap, Value a, Value b,
                             uint64_t immediate) {
  return append({
      .op = op,
      .type = type,
      .trap = trap,
      .operands = {a.index, b.index, UINT32_MAX},
      .immediate = immediate
  });
}

Value Builder::emit_list(Op op, Type type, std::span<const Value> operands, uint64_t immediate) {
  return append({
      .op = op,
      .type = type,
      .operands = {function_.add_list(operands), static_cast<uint32_t>(operands.size()),
                   UINT32_MAX},
      .immediate = immediate
  });
}

Value Builder::call_runtime(RuntimeCall call, std::initializer_list<Value> operands) {
  const char result = info(call).result;
  const Type type = result == 'i' ? Type::I32 : result == 'l' ? Type::I64 : Type::None;
  return emit_list(Op::CallRuntime, type, {operands.begin(), operands.size()},
                   static_cast<uint64_t>(call));
}

void Builder::numeric(const Instruction& insn) {
  const wasm::OpInfo& wasm_info = wasm::info(insn.op);
  const wasm::OpSignature& signature = wasm_info.signature;
  const Op op = from_wasm(insn.op);
  const uint32_t params = signature.param_count;
  const Type type = type_of(wasm::ValType(signature.results[0]));
  uint64_t immediate = 0;
  if (wasm_info.imm == wasm::Imm::Lane) immediate = insn.lane;
  if (wasm_info.imm == wasm::Imm::Lanes16)
    immediate = function_.add_vector(wasm::V128{insn.value, insn.value_high});
  Value value;
  if (params > 3) {
    value = emit_list(op, type, top(params), immediate);
    drop(params);
  } else {
    const Value* operands = stack_.data() + stack_.size() - params;
    const Value a = params > 0 ? operands[0] : kNoValue;
    const Value b = params > 1 ? operands[1] : kNoValue;
    const Value c = params > 2 ? operands[2] : kNoValue;
    drop(params);
    value = emit(op, type, a, b, c, immediate);
  }
  if (const uint32_t bits = options_.canonical_nans ? wasm::nan_bits(insn.op) : 0; bits != 0)
    value = emit(Op::CanonicalNan, type, value, {}, {}, bits);
  push(value);
  if (signature.result_count == 2)
    push(emit(Op::Result, type_of(wasm::ValType(signature.results[1])), value, {}, {}, 1));
}

void Builder::select() {
  const Value condition = pop();
  const Value if_false = pop();
  const Value if_true = pop();
  push(if_true == if_false
           ? if_true
           : emit(Op::Select, function_.type(if_true), if_true, if_false, condition));
}

void Builder::global_get(uint32_t index) {
  const wasm::Global& global = module_.globals[index];
  const Type type = type_of(global.type.content);
  if (index >= module_.imported_globals && !global.type.is_mutable) {
    using Form = wasm::ConstExpr::Form;
    const Form form = global.init.form;
    if (form == Form::I32 || form == Form::I64 || form == Form::F32 || form == Form::F64)
      return push(function_.constant(type, global.init.value));
  }
  push(emit(Op::GlobalGet, type, {}, {}, {}, index));
}

// --- instructions

void Builder::instruction(const Instruction& insn) {
  using enum wasm::Op;
  switch (insn.op) {
    case Nop:       return;
    case Drop:      drop(1); return;
    case Select:
    case SelectT:   return select();
    case LocalGet:  return push(locals_[insn.index]);
    case LocalSet:  locals_[insn.index] = pop(); return;
    case LocalTee:  locals_[insn.index] = stack_.back(); return;
    case GlobalGet: return global_get(insn.index);
    case GlobalSet: {
      const Value value = pop();
      emit(Op::GlobalSet, Type::None, value, {}, {}, insn.index);
      return;
    }
    case I32Const:  return push(function_.constant(Type::I32, insn.value));
    case I64Const:  return push(function_.constant(Type::I64, insn.value));
    case F32Const:  return push(function_.constant(Type::F32, insn.value));
    case F64Const:  return push(function_.constant(Type::F64, insn.value));
    case V128Const: return push(function_.vector_constant(wasm::V128{insn.value, insn.value_high}));

    case Unreachable: return trap(TrapCode::Unreachable);
    case Block:
    case Loop:
    case If:
    case Try:
    case TryTable:    return begin_construct(insn);
    case Else:        return begin_else();
    case Catch:
    case CatchAll:    return begin_catch(insn);
    case Delegate:
    case End:         return end(insn);
    case Throw:       return throw_tag(insn.index);
    case Rethrow:     return throw_to(label(insn.index).exception, handler_here());
    case ThrowRef:
      return throw_to(null_check(pop(), TrapCode::NullExceptionReference), handler_here());
    case Br:                 return jump(label(insn.index));
    case BrIf:               return branch_if(pop(), insn.index, true);
    case BrTable:            return br_table(insn);
    case Return:             return return_();
    case BrOnNull:           return br_on_null(insn.index, true);
    case BrOnNonNull:        return br_on_null(insn.index, false);
    case Call:
    case ReturnCall:         return call(insn);
    case CallIndirect:
    case ReturnCallIndirect: return call_indirect(insn);
    case CallRef:
    case ReturnCallRef:      return call_ref(insn);

    case MemoryAtomicNotify:
    case MemoryAtomicWait32:
    case MemoryAtomicWait64: return atomic_wait_or_notify(insn);
    case AtomicFence:        append({.op = Op::AtomicFence}); return;
    default:                 break;
  }
  const wasm::OpInfo& info = wasm::info(insn.op);
  if (info.accesses_memory()) return memory_access(insn);
  if (!info.signature.special) return numeric(insn);
  if (info.feature == wasm::Feature::Gc || info.feature == wasm::Feature::CustomDescriptors)
    return reference(insn);
  switch (insn.op) {
    case RefNull:
    case RefIsNull:
    case RefFunc:
    case RefAsNonNull: return reference(insn);
    default:           return memory_op(insn);
  }
}

// After an unconditional branch, up to the end of the construct nothing can run.
void Builder::skip_dead(const Instruction& insn) {
  using enum wasm::Op;
  switch (insn.op) {
    case Block:
    case Loop:
    case If:
    case Try:
    case TryTable:
      ++dead_depth_;
      ++constructs_;
      return;
    case Else:
      if (dead_depth_ == 0) begin_else();
      return;
    case Catch:
    case CatchAll:
      if (dead_depth_ == 0) begin_catch(insn);
      return;
    case End:
    case Delegate:
      if (dead_depth_ == 0) return end(insn);
      --dead_depth_;
      return;
    default: return;
  }
}

}  // namespace wrun::ir
