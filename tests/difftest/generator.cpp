#include "difftest/generator.hpp"

#include <string>

#include "difftest/function_generator.hpp"

namespace wrun::difftest {
namespace {

using test::Code;
using test::Signature;
using wasm::Op;

constexpr int32_t kCalls = 60;

class Generator {
 public:
  Generator(Choices& choices, bool portable) : choices_(choices), portable_(portable) {}

  std::vector<std::byte> module() {
    const wasm::FeatureSet features = decide_features();
    define_memories();
    define_globals();
    define_tags(features);
    declare_functions();
    define_table();
    define_segments();
    const Instructions instructions(features);
    for (uint32_t i = 0; i < shape_.functions.size(); ++i) {
      FunctionGenerator function(choices_, shape_, instructions, builder_, i);
      function.generate();
      builder_.function_of_type(shape_.functions[i].type, function.code(), function.locals());
      builder_.export_function("f" + std::to_string(i), i);
    }
    define_reset();
    define_hash();
    return builder_.build();
  }

 private:
  wasm::FeatureSet decide_features() {
    wasm::FeatureSet features = wasm::FeatureSet::of(wasm::Standard::Wasm2);
    if (choices_.one_in(2)) features.enable(wasm::Feature::Threads);
    if (choices_.one_in(2)) features.enable(wasm::Feature::Exceptions);
    if (choices_.one_in(5)) features.enable(wasm::Feature::WideArithmetic);
    if (choices_.one_in(4) && !portable_) features.enable(wasm::Feature::RelaxedSimd);
    shape_.type_count = choices_.any({2u, 4u, 4u, 5u, 5u});
    shape_.tail_calls = choices_.one_in(3);
    shape_.wild = choices_.one_in(6);
    return features;
  }
  void define_memories() {
    const uint32_t count = choices_.one_in(4) ? 2 : 1;
    for (uint32_t i = 0; i < count; ++i) {
      const Shape::Memory memory = {.is_64 = choices_.one_in(6), .pages = 1 + choices_.below(2)};
      shape_.memories.push_back(memory);
      builder_.memory({
          .limits = {.minimum = memory.pages,
                     .maximum = memory.pages + choices_.below(3),
                     .is_64 = memory.is_64}
      });
      builder_.export_memory("m" + std::to_string(i), i);
    }
  }
  void define_globals() {
    shape_.globals.push_back({wasm::kI32, true});
    for (uint32_t i = 0; i < shape_.type_count; ++i) shape_.globals.push_back({kTypes[i], true});
    const uint32_t more = choices_.below(4);
    for (uint32_t i = 0; i < more; ++i)
      shape_.globals.push_back({kTypes[choices_.below(shape_.type_count)], choices_.one_in(3)});
    for (uint32_t i = 0; i < shape_.globals.size(); ++i) {
      builder_.global(shape_.globals[i], initial(i));
      builder_.export_global("g" + std::to_string(i), i);
    }
  }
  Code initial(uint32_t global) {
    Code code;
    if (global == 0) return code.i32(kCalls);
    const uint64_t bits = choices_.bits();
    switch (shape_.globals[global].content.kind()) {
      case wasm::ValType::Kind::I32: return code.i32(static_cast<int32_t>(bits));
      case wasm::ValType::Kind::I64: return code.i64(static_cast<int64_t>(bits));
      case wasm::ValType::Kind::F32: return code.f32(static_cast<float>(bits % 1000) / 8);
      case wasm::ValType::Kind::F64: return code.f64(static_cast<double>(bits % 100000) / 16);
      default:                       return code.v128(bits, ~bits);
    }
  }
  void define_tags(wasm::FeatureSet features) {
    if (!features.has(wasm::Feature::Exceptions)) return;
    for (const Signature& signature : {
             Signature{},
             Signature{{wasm::kI32, wasm::kI64}, {}}
    }) {
      shape_.tags.push_back(signature);
      builder_.tag(signature);
    }
  }
  void declare_functions() {
    const uint32_t usual_size = 10 + choices_.below(choices_.any({20u, 80u, 300u}));
    const uint32_t count = 1 + choices_.below(6);
    for (uint32_t i = 0; i < count; ++i) {
      Shape::Function function;
      const uint32_t like = choices_.below(i + 3);
      function.signature = like < i ? shape_.functions[like].signature : signature();
      function.type = builder_.type(function.signature);
      // Small ones become part of their callers.
      function.size = choices_.one_in(3) ? choices_.below(8) : usual_size;
      function.calls = choices_.one_in(2);
      shape_.functions.push_back(function);
    }
  }
  Signature signature() {
    Signature result;
    const uint32_t params = choices_.one_in(8) ? 20 : choices_.below(6);
    for (uint32_t i = 0; i < params; ++i)
      result.params.push_back(kTypes[choices_.below(shape_.type_count)]);
    const uint32_t results = choices_.one_in(6) ? choices_.below(12) : 1;
    for (uint32_t i = 0; i < results; ++i)
      result.results.push_back(kTypes[choices_.below(shape_.type_count)]);
    return result;
  }
  void define_table() {
    shape_.table_size = 4 + choices_.below(6);
    for (uint32_t i = 0; i + 1 < shape_.table_size; ++i)
      shape_.table.push_back(choices_.below(static_cast<uint32_t>(shape_.functions.size())));
    builder_.table({
        .limits = {.minimum = shape_.table_size, .maximum = shape_.table_size + 4}
    });
    builder_.elements(0, Code().i32(0), shape_.table);
  }
  void define_segments() {
    std::string bytes;
    for (int i = 0; i < 64; ++i) bytes.push_back(static_cast<char>(i * 37 + 11));
    const bool at_end = choices_.one_in(4);
    const auto where = static_cast<int32_t>(at_end ? shape_.memories[0].bytes() - 64 : 8);
    builder_.data(0, shape_.memories[0].is_64 ? Code().i64(where) : Code().i32(where), bytes);
    builder_.passive_data(bytes.substr(0, 1 + choices_.below(63)));
    builder_.passive_elements(shape_.table);
    shape_.data_segments = shape_.element_segments = 1;
  }

  void define_reset() {
    builder_.export_function("reset", builder_.function({}, Code().i32(kCalls)(Op::GlobalSet, 0)));
  }
  // Of memory 0 and all globals but the first, which counts calls.
  void define_hash() {
    const Shape::Memory& memory = shape_.memories[0];
    enum : uint32_t { Hash, At, End };
    Code code;
    code(Op::MemorySize, 0);
    if (memory.is_64) code(Op::I32WrapI64);
    code.i32(16)(Op::I32Shl)(Op::LocalSet, End);
    code(Op::Loop, test::kEmptyBlock);
    code(Op::LocalGet, Hash).i64(0x100000001b3)(Op::I64Mul)(Op::LocalGet, At);
    if (memory.is_64) code(Op::I64ExtendI32U);
    code(Op::I64Load, 0, 0)(Op::I64Xor).i64(29)(Op::I64Rotl)(Op::LocalSet, Hash);
    code(Op::LocalGet, At).i32(8)(Op::I32Add)(Op::LocalTee, At);
    code(Op::LocalGet, End)(Op::I32LtU)(Op::BrIf, 0)(Op::End);
    for (uint32_t i = 1; i < shape_.globals.size(); ++i) {
      code(Op::LocalGet, Hash).i64(0x100000001b3)(Op::I64Mul);
      switch (shape_.globals[i].content.kind()) {
        case wasm::ValType::Kind::I32: code(Op::GlobalGet, i)(Op::I64ExtendI32U); break;
        case wasm::ValType::Kind::I64: code(Op::GlobalGet, i); break;
        case wasm::ValType::Kind::V128:
          code(Op::GlobalGet, i)(Op::I64x2ExtractLane, 1)(Op::GlobalGet, i);
          code(Op::I64x2ExtractLane, 0).i64(7)(Op::I64Rotl)(Op::I64Add);
          break;
        case wasm::ValType::Kind::F32:
          code(Op::GlobalGet, i)(Op::F64PromoteF32)(Op::I64TruncSatF64S);
          break;
        default: code(Op::GlobalGet, i)(Op::I64TruncSatF64S);
      }
      code(Op::I64Xor)(Op::LocalSet, Hash);
    }
    code(Op::LocalGet, Hash);
    const uint32_t function =
        builder_.function({{}, {wasm::kI64}}, code, {wasm::kI64, wasm::kI32, wasm::kI32});
    builder_.export_function("hash", function);
  }

  Choices& choices_;
  bool portable_;
  Shape shape_;
  test::ModuleBuilder builder_;
};

}  // namespace

std::vector<std::byte> generate_module(Choices& choices, bool portable) {
  return Generator(choices, portable).module();
}

}  // namespace wrun::difftest
