#include "ir/builder.hpp"
#include "ir/passes.hpp"

namespace wrun::ir {

namespace {

uint32_t count_locals(const wasm::Module& module, uint32_t function_index) {
  const wasm::Function& function = module.functions[function_index];
  auto locals = static_cast<uint32_t>(module.func_type(function_index).params.size());
  binary::InstructionReader<true> reader(module.code_bytes().data(), function.body_offset,
                                         function.body_offset + function.body_size);
  reader.read_locals([&](uint32_t count, wasm::ValType) {
    locals += count;
    return true;
  });
  return locals;
}

}  // namespace

Builder::Body::Body(const wasm::Module& module, uint32_t index, uint32_t entry_loop)
    : function(module.functions[index]),
      type(module.func_type(index)),
      function_index(index),
      flow(module, function, count_locals(module, index), entry_loop) {}

binary::InstructionReader<true> Builder::Body::reader(const wasm::Module& module) const {
  return {module.code_bytes().data(), function.body_offset, end()};
}

Builder::Builder(const wasm::Module& module, uint32_t function_index, const BuildOptions& options)
    : module_(module),
      options_(options),
      function_(module, function_index),
      own_body_(module, function_index, options.entry_loop),
      inlining_budget_(inlining_budget(own_body_.function.body_size)) {}

std::expected<Function, Unsupported> build(const wasm::Module& module, uint32_t function_index,
                                           const BuildOptions& options) {
  return Builder(module, function_index, options).build();
}

std::expected<Function, Unsupported> Builder::build() {
  if (!body_->flow.is_complete())
    return std::unexpected(Unsupported{"so many locals and blocks", body_->function.body_offset});
  function_.reserve(body_->function.body_size);
  if (options_.entry_loop != 0) begin_entry_at_loop();
  begin_function();
  build_body();
  if (unsupported_) return std::unexpected(*unsupported_);
  if (options_.entry_loop != 0) finish_entry_at_loop();
  if (has_unreached_blocks_) remove_unreached_blocks(function_);
  if (unsupported_) return std::unexpected(*unsupported_);
  return std::move(function_);
}

void Builder::begin_function() {
  block_ = function_.create_block();
  for (const wasm::ValType param : body_->type.params)
    body_->locals.push_back(options_.entry_loop != 0 ? function_.constant(type_of(param), 0)
                                                     : function_.add_param(block_, type_of(param)));
  if (options_.interruptible) append({.op = Op::InterruptCheck});
}

// With the parameters among the locals. A callee's results are on the stack behind it, if it returns.
void Builder::build_body() {
  const uint32_t handler = controls_.empty() ? kNone : handler_here();
  body_->first_control = static_cast<uint32_t>(controls_.size());
  Control& all = controls_.emplace_back();
  all.body = body_;
  all.signature.type = &body_->type;
  all.height = static_cast<uint32_t>(stack_.size());
  all.handler = handler;
  binary::InstructionReader<true> reader = body_->reader(module_);
  reader.read_locals([&](uint32_t count, wasm::ValType type) {
    body_->locals.insert(body_->locals.end(), count, function_.constant(type_of(type), 0));
    return true;
  });
  begin_metered_block();

  binary::Instruction insn;
  while (controls_.size() > body_->first_control && reader.next(insn)) {
    offset_ = insn.offset;
    if (reachable_) {
      ++fuel_cost_;
      instruction(insn);
    } else {
      skip_dead(insn);
    }
    if (unsupported_) return;
  }
  WRUN_CHECK(controls_.size() == body_->first_control);
  end_metered_block();
}

void Builder::unsupported(std::string_view what) { unsupported_ = Unsupported{what, offset_}; }

// As the interpreter does: for a whole run of instructions before the first of them.
void Builder::begin_metered_block() {
  if (!options_.fuel) return;
  end_metered_block();
  if (reachable_) fuel_ = append({.op = Op::ConsumeFuel});
}

void Builder::end_metered_block() {
  if (fuel_.exists()) function_[fuel_].immediate = fuel_cost_;
  fuel_cost_ = 0;
  fuel_ = kNoValue;
}

// --- values

Value Builder::append(const ir::Instruction& insn) {
  const Value value = function_.create(insn, {offset_, body_->inlined_call});
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
    case LocalGet:  return push(body_->locals[insn.index]);
    case LocalSet:  body_->locals[insn.index] = pop(); return;
    case LocalTee:  body_->locals[insn.index] = stack_.back(); return;
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
      ++body_->constructs;
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
