#include "difftest/function_generator.hpp"

#include <bit>
#include <limits>
#include <string_view>

namespace wrun::difftest {

using wasm::Imm;
using wasm::kF32;
using wasm::kF64;
using wasm::kI32;
using wasm::kI64;
using wasm::kV128;
using wasm::Op;
using wasm::ValType;

namespace {

constexpr uint32_t kFavourites = 5;

constexpr uint64_t kIntegers[] = {0,          1,          2,
                                  3,          4,          5,
                                  7,          8,          10,
                                  16,         31,         32,
                                  63,         64,         100,
                                  127,        128,        255,
                                  256,        641,        1000,
                                  0x7fff,     0x8000,     0xffff,
                                  0x10000,    0x7fffffff, 0x80000000,
                                  0xffffffff, 0xfffffffe, 0xffffffffffffffff,
                                  1ull << 63, ~0ull >> 1, 0x0123456789abcdef,
                                  1ull << 32, 0xff00ff,   0xfffffffffffffff8};

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNumbers[] = {0.0,    1.0,  -1.0,         -0.0,          0.5,       2.0,
                               -3.25,  1e9,  2147483647.0, -2147483648.0, 1e-40,     1e-310,
                               1.0e30, 1e19, 16777217.0,   kInfinity,     -kInfinity};

// What gives lanes of floating point, whose NaNs have bits.
bool gives_float_lanes(Op op) {
  const std::string_view name = wasm::text(op);
  const std::string_view lanes = name.substr(0, 6);
  if (lanes != "f32x4." && lanes != "f64x2.") return false;
  const std::string_view what = name.substr(6);
  return what != "eq" && what != "ne" && what != "lt" && what != "gt" && what != "le" &&
         what != "ge";
}

}  // namespace

FunctionGenerator::FunctionGenerator(Choices& choices, const Shape& shape,
                                     const Instructions& instructions, test::ModuleBuilder& builder,
                                     uint32_t function)
    : choices_(choices),
      shape_(shape),
      instructions_(instructions),
      builder_(builder),
      function_(shape.functions[function]),
      left_(function_.size) {
  const Types& params = function_.signature.params;
  for (uint32_t i = 0; i < params.size(); ++i) pool_[type_number(params[i])].push_back(i);
}

void FunctionGenerator::generate() {
  for (uint32_t i = 0; i < shape_.type_count; ++i) {
    for (uint32_t more = function_.size < 8 ? 0 : 1 + choices_.below(3); more > 0; --more)
      pool_[i].push_back(new_local(kTypes[i]));
    for (uint32_t j = 0; j < kFavourites; ++j)
      favourites_[i].push_back(choices_.any(instructions_.pure[i]));
  }
  if (function_.calls) count_calls();
  labels_.push_back({function_.signature.results});
  while (left_ > 0) {
    const uint32_t before = left_;
    statements(8, 3);
    if (left_ == before) break;
  }
  expressions(function_.signature.results, 3);
}

FunctionGenerator::Types FunctionGenerator::some_types(uint32_t most) {
  Types types(choices_.below(most + 1));
  for (ValType& type : types) type = any_type();
  return types;
}

Op FunctionGenerator::any_op(const std::vector<Op>& all, const std::vector<Op>& favourites) {
  return choices_.one_in(3) ? choices_.any(all) : choices_.any(favourites);
}

uint32_t FunctionGenerator::new_local(ValType type) {
  locals_.push_back(type);
  return static_cast<uint32_t>(function_.signature.params.size() + locals_.size() - 1);
}

uint32_t FunctionGenerator::any_local(ValType type) {
  std::vector<uint32_t>& pool = pool_[type_number(type)];
  if (pool.empty()) pool.push_back(new_local(type));
  return choices_.any(pool);
}

void FunctionGenerator::expressions(const Types& types, int depth) {
  for (const ValType type : types) expression(type, depth);
}

void FunctionGenerator::expression(ValType type, int depth) {
  if (depth <= 0 || left_ == 0) return leaf(type);
  --left_;
  switch (choices_.below(20)) {
    case 0:
    case 1:
    case 2: return leaf(type);
    case 3:
    case 4: return load(type, depth - 1);
    case 5: return choice(type, depth - 1);
    case 6: return conditional(type, depth - 1);
    case 7: return block_with_exit(type, depth - 1);
    case 8: return call_for(type, depth - 1);
    case 9:
      expression(type, depth - 1);
      code_(Op::LocalTee, any_local(type));
      return;
    case 10: return type == kI32 ? size_of_something() : operation(type, depth - 1);
    default: return operation(type, depth - 1);
  }
}

void FunctionGenerator::leaf(ValType type) {
  const uint32_t kind = choices_.below(6);
  if (kind == 0) return constant(type);
  if (kind == 1 && type == kI32 && !counters_.empty()) {
    code_(Op::LocalGet, choices_.any(counters_));
    return;
  }
  if (kind == 2) {
    for (uint32_t i = 1; i < shape_.globals.size(); ++i) {
      if (shape_.globals[i].content != type || choices_.one_in(3)) continue;
      code_(Op::GlobalGet, i);
      return;
    }
  }
  code_(Op::LocalGet, any_local(type));
}

void FunctionGenerator::constant(ValType type) {
  const uint32_t kind = choices_.below(4);
  const uint64_t integer = kind == 3   ? choices_.bits()
                           : kind == 2 ? uint64_t{1} << choices_.below(64)
                                       : choices_.any(kIntegers);
  switch (type.kind()) {
    case ValType::Kind::I32: code_.i32(static_cast<int32_t>(integer)); return;
    case ValType::Kind::I64: code_.i64(static_cast<int64_t>(integer)); return;
    case ValType::Kind::F32:
      code_.f32(kind == 3 ? std::bit_cast<float>(static_cast<uint32_t>(integer))
                          : static_cast<float>(choices_.any(kNumbers)));
      return;
    case ValType::Kind::F64:
      code_.f64(kind == 3 ? std::bit_cast<double>(integer) : choices_.any(kNumbers));
      return;
    default: code_.v128(integer, kind == 1 ? integer : choices_.any(kIntegers));
  }
}

void FunctionGenerator::operation(ValType type, int depth) {
  const size_t number = type_number(type);
  Op op = any_op(instructions_.pure[number], favourites_[number]);
  const wasm::OpSignature& signature = wasm::info(op).signature;
  for (uint32_t i = 0; i < signature.param_count; ++i)
    operand(op, i, ValType(signature.params[i]), depth);
  code_(op);
  lanes(op);
  if (type == kV128 && gives_float_lanes(op))
    canonicalize_lanes(wasm::text(op)[1] == '3' ? kF32 : kF64);
}

void FunctionGenerator::operand(Op op, uint32_t position, ValType type, int depth) {
  const bool may_trap = wasm::info(op).has(wasm::op_flag::MayTrap);
  const bool is_float = type == kF32 || type == kF64;
  // Vectors without values of their type can only come from nowhere.
  if (type_number(type) >= shape_.type_count) return constant(type);
  if (may_trap && is_float) return in_range_of_integers(type, depth);
  if (may_trap && position == 1) return divisor(type, depth);
  expression(type, depth);
  const bool reveals_bits = op == Op::I32ReinterpretF32 || op == Op::I64ReinterpretF64 ||
                            ((op == Op::F32Copysign || op == Op::F64Copysign) && position == 1);
  if (is_float && reveals_bits) canonicalize(type);
}

void FunctionGenerator::divisor(ValType type, int depth) {
  const uint32_t kind = choices_.below(shape_.wild ? 5 : 24);
  if (kind == 4) return expression(type, depth);
  if (kind % 2 == 0) {
    const uint64_t value = choices_.one_in(3) ? choices_.bits() : choices_.any(kIntegers);
    const auto narrow = static_cast<int32_t>(value);
    if (type == kI32)
      code_.i32(narrow == 0 ? 3 : narrow);
    else
      code_.i64(value == 0 ? 3 : static_cast<int64_t>(value));
    return;
  }
  expression(type, depth);
  type == kI32 ? code_.i32(1)(Op::I32Or) : code_.i64(1)(Op::I64Or);
}

void FunctionGenerator::in_range_of_integers(ValType type, int depth) {
  if (choices_.one_in(shape_.wild ? 3 : 30)) return expression(type, depth);
  expression(kI32, depth);
  code_.i32(0xffff)(Op::I32And)(type == kF32 ? Op::F32ConvertI32U : Op::F64ConvertI32U);
  if (choices_.one_in(2)) type == kF32 ? code_.f32(1.25f)(Op::F32Mul) : code_.f64(1.7)(Op::F64Mul);
}

// NaNs become one and the same.
void FunctionGenerator::canonicalize(ValType type) {
  uint32_t& scratch = scratch_[type_number(type)];
  if (scratch == 0) scratch = new_local(type);
  code_(Op::LocalTee, scratch);
  if (type == kF32)
    code_.f32(std::numeric_limits<float>::quiet_NaN());
  else
    code_.f64(std::numeric_limits<double>::quiet_NaN());
  code_(Op::LocalGet, scratch)(Op::LocalGet, scratch)(type == kF32 ? Op::F32Eq : Op::F64Eq);
  code_(Op::Select);
}

void FunctionGenerator::canonicalize_lanes(ValType lane) {
  uint32_t& scratch = scratch_[type_number(kV128)];
  if (scratch == 0) scratch = new_local(kV128);
  constexpr uint64_t kNan32 = 0x7fc000007fc00000;
  constexpr uint64_t kNan64 = 0x7ff8000000000000;
  code_(Op::LocalTee, scratch).v128(lane == kF32 ? kNan32 : kNan64, lane == kF32 ? kNan32 : kNan64);
  code_(Op::LocalGet, scratch)(Op::LocalGet, scratch);
  code_(lane == kF32 ? Op::F32x4Eq : Op::F64x2Eq)(Op::V128Bitselect);
}

void FunctionGenerator::choice(ValType type, int depth) {
  expression(type, depth);
  expression(type, depth);
  expression(kI32, depth);
  code_(Op::Select);
}

void FunctionGenerator::conditional(ValType type, int depth) {
  expression(kI32, depth);
  begin(Op::If, {}, {type}, {{type}});
  if (choices_.one_in(3)) statements(2, depth);
  expression(type, depth);
  code_(Op::Else);
  expression(type, depth);
  end();
}

void FunctionGenerator::block_with_exit(ValType type, int depth) {
  begin(Op::Block, {}, {type}, {{type}});
  expression(type, depth);
  expression(kI32, depth);
  code_(Op::BrIf, 0);
  if (choices_.one_in(2)) {
    code_(Op::Drop);
    expression(type, depth);
  }
  end();
}

void FunctionGenerator::call_for(ValType type, int depth) {
  if (function_.calls)
    for (uint32_t i = 0; i < shape_.functions.size(); ++i) {
      const Types& results = shape_.functions[i].signature.results;
      if (results.size() == 1 && results[0] == type && choices_.one_in(2))
        return call_to(i, depth, false);
    }
  operation(type, depth);
}

void FunctionGenerator::size_of_something() {
  const uint32_t memory = choices_.below(static_cast<uint32_t>(shape_.memories.size()));
  switch (choices_.below(3)) {
    case 0: code_(Op::TableSize, 0); return;
    case 1:
      code_.i32(static_cast<int32_t>(choices_.below(shape_.table_size)));
      code_(Op::TableGet, 0)(Op::RefIsNull);
      return;
    default:
      code_(Op::MemorySize, memory);
      if (shape_.memories[memory].is_64) code_(Op::I32WrapI64);
  }
}

// The immediate, where there is one.
void FunctionGenerator::lanes(Op op) {
  const wasm::OpInfo& info = wasm::info(op);
  const auto count = [&] {
    if (info.accesses_memory()) return 16u >> info.access_log2();
    const std::string_view name = wasm::text(op);
    return name.starts_with("i8x") ? 16u : name[1] == '1' ? 8u : name[1] == '3' ? 4u : 2u;
  };
  if (info.imm == Imm::Lane || info.imm == Imm::MemArgLane) code_.byte(choices_.below(count()));
  if (info.imm != Imm::Lanes16) return;
  const bool one_source = choices_.one_in(3);
  const uint32_t step = choices_.below(3);
  for (uint32_t i = 0; i < 16; ++i)
    code_.byte(step == 1   ? (i + 4) % 32
               : step == 2 ? i / 4 * 4
                           : choices_.below(one_source ? 16 : 32));
}

}  // namespace wrun::difftest
