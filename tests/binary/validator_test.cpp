#include "binary/validator.hpp"

#include "decode.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

const std::string kMismatch = "invalid: type mismatch: ";

bool mismatch(const std::string& text) { return text.starts_with(kMismatch); }

// A module with a bit of everything to refer to; the function under test is the last one.
struct Setting {
  ModuleBuilder builder;
  uint32_t pair = builder.raw_type(
      Encoder().byte(0x5f).u(2).byte(0x7f).byte(1).byte(0x78).byte(0));  // struct (mut i32) i8
  uint32_t bytes = builder.raw_type(Encoder().byte(0x5e).byte(0x78).byte(1));  // array (mut i8)
  uint32_t longs = builder.raw_type(Encoder().byte(0x5e).byte(0x7e).byte(0));  // array i64
  uint32_t callee = builder.type({{kI32}, {kI64}});
  uint32_t imported = builder.import_function_of_type("m", "f", callee);
  uint32_t memory32 = builder.memory({.limits = {.minimum = 1}});
  uint32_t memory64 = builder.memory({
      .limits = {.minimum = 1, .is_64 = true}
  });
  uint32_t functions = builder.table({kFuncRef, {.minimum = 1}});
  uint32_t externs = builder.table({
      wasm::kExternRef, {.minimum = 1, .is_64 = true}
  });
  uint32_t constant = builder.global({kI32, false}, Code().i32(0));
  uint32_t variable = builder.global({kI64, true}, Code().i64(0));
  uint32_t tag = builder.tag({{kI32}, {}});
  uint32_t elements = builder.declarative_elements({0});
  uint32_t data = builder.passive_data("data");

  std::string operator()(const Signature& signature, const Code& code,
                         const std::vector<ValType>& locals = {}) {
    ModuleBuilder copy = builder;
    copy.function(signature, code, locals);
    const std::string text = outcome(copy, FeatureSet::all());
    return text.substr(0, text.find(" (in function"));
  }
};

ValType ref_to(uint32_t type, bool nullable = false) {
  return ValType::ref(HeapType::concrete(type), nullable);
}

}  // namespace

TEST_CASE("every instruction of one type takes just that type") {
  ModuleBuilder base;
  base.memory({
      .limits = {.minimum = 1, .maximum = 1},
        .is_shared = true
  });
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const wasm::OpInfo& info = wasm::info(op);
    if (info.signature.special) continue;
    INFO(wasm::text(op));
    const wasm::OpSignature& sig = info.signature;
    const auto module = [&](int wrong_param, bool drop_result) {
      Signature signature;
      Code code;
      for (int k = 0; k < sig.param_count; ++k) {
        const ValType type = sig.params[k];
        signature.params.push_back(k != wrong_param ? type : type == kF32 ? kF64 : kF32);
        code(Op::LocalGet, k);
      }
      for (int k = 0; k < sig.result_count; ++k) signature.results.push_back(sig.results[k]);
      if (drop_result) signature.results.pop_back();
      code(op);
      switch (info.imm) {
        case wasm::Imm::MemArg:     code.byte(info.access_log2()).byte(0); break;
        case wasm::Imm::MemArgLane: code.byte(0).byte(0).byte(0); break;
        case wasm::Imm::Lane:
        case wasm::Imm::Zero:
        case wasm::Imm::I32:
        case wasm::Imm::I64:        code.byte(0); break;
        case wasm::Imm::F32:        code.byte(0).byte(0).byte(0).byte(0); break;
        case wasm::Imm::F64:
          for (int k = 0; k < 8; ++k) code.byte(0);
          break;
        case wasm::Imm::V128:
        case wasm::Imm::Lanes16:
          for (int k = 0; k < 16; ++k) code.byte(0);
          break;
        default: break;
      }
      ModuleBuilder builder = base;
      builder.function(signature, code);
      return outcome(builder, FeatureSet::all());
    };
    CHECK(module(-1, false) == "ok");
    for (int k = 0; k < sig.param_count; ++k) CHECK(mismatch(module(k, false)));
    if (sig.result_count != 0) CHECK(mismatch(module(-1, true)));
  }
}

TEST_CASE("operands") {
  CHECK(outcome({{}, {kI32}}, Code().i32(1)) == "ok");
  CHECK(outcome({{}, {kI32}}, Code()) == kMismatch + "block requires [i32] but stack has []");
  CHECK(outcome({}, Code().i32(1)) == kMismatch + "block requires [] but stack has [i32]");
  CHECK(outcome({}, Code().i32(1).i64(1)(Op::I32Add)) ==
        kMismatch + "`i32.add` requires [i32 i32] but stack has [i32 i64]");
  // A block does not see the operands outside of it.
  CHECK(mismatch(outcome({}, Code().i32(1)(Op::Block, kEmptyBlock)(Op::Drop)(Op::End))));
}

TEST_CASE("unreachable code is polymorphic, but not without types") {
  CHECK(outcome({{}, {kI32}}, Code()(Op::Unreachable)) == "ok");
  CHECK(outcome({{}, {kI32}}, Code()(Op::Unreachable)(Op::I32Add)) == "ok");
  CHECK(outcome({{}, {kI64}}, Code()(Op::Unreachable)(Op::Select)) == "ok");
  CHECK(mismatch(outcome({{}, {kI64}}, Code()(Op::Unreachable)(Op::I32Eqz))));
  CHECK(mismatch(outcome({}, Code()(Op::Unreachable).f32(1).i32(1)(Op::I32Add)(Op::Drop))));
  CHECK(mismatch(outcome({}, Code()(Op::Unreachable).i32(1))));
  // Unreachability ends with its block.
  CHECK(mismatch(outcome({{}, {kI32}}, Code()(Op::Block, kEmptyBlock)(Op::Unreachable)(Op::End))));
}

TEST_CASE("blocks and branches") {
  CHECK(outcome({{}, {kI32}}, Code().block(Op::Block, kI32).i32(1)(Op::Br, 0)(Op::End)) == "ok");
  CHECK(outcome({}, Code()(Op::Br, 1)) == "invalid: unknown label 1 at `br 1`");
  CHECK(outcome({{}, {kI32}}, Code().i32(0).block(Op::If, kI32).i32(1)(Op::Else).i32(2)(Op::End)) ==
        "ok");
  CHECK(mismatch(outcome({{}, {kI32}}, Code().i32(0).block(Op::If, kI32).i32(1)(Op::End))));
  CHECK(outcome({}, Code()(Op::Else)) == "malformed: END opcode expected: misplaced else");
  // A loop's label takes its parameters, not its results.
  CHECK(outcome({}, Code().block(Op::Loop, kI32)(Op::Br, 0)(Op::End)(Op::Drop)) == "ok");
  CHECK(mismatch(outcome({{kI32}, {}}, Code()(Op::Block, kEmptyBlock)
                                           .block(Op::Block, kI32)
                                           .i32(1)(Op::LocalGet, 0)(
                                               Op::BrTable, 1, 0, 1)(Op::End)(Op::Drop)(Op::End))));
  CHECK(outcome({}, Code()(Op::Block, 5)) == "invalid: unknown type 5 at `block (type 5)`");
}

TEST_CASE("locals without a default value must be set before they are read") {
  const ValType ref = ValType::ref(HeapType::Abstract::Func, false);
  const auto run = [&](const Code& code) { return outcome({{ref}, {}}, code, {ref}); };
  CHECK(run(Code()(Op::LocalGet, 0)(Op::Drop)) == "ok");
  CHECK(run(Code()(Op::LocalGet, 1)(Op::Drop)) ==
        "invalid: uninitialized local 1 of type (ref func) at `local.get 1`");
  CHECK(run(Code()(Op::LocalGet, 0)(Op::LocalSet, 1)(Op::LocalGet, 1)(Op::Drop)) == "ok");
  CHECK(run(Code()(Op::LocalGet, 0)(Op::LocalTee, 1)(Op::Drop)(Op::LocalGet, 1)(Op::Drop)) == "ok");
  // Set in an inner block, it is forgotten outside.
  CHECK(run(Code()(Op::Block, kEmptyBlock)(Op::LocalGet, 0)(Op::LocalSet, 1)(Op::End)(Op::LocalGet,
                                                                                      1)(Op::Drop))
            .starts_with("invalid: uninitialized local"));
  CHECK(run(Code().i32(1)(Op::If, kEmptyBlock)(Op::LocalGet, 0)(Op::LocalSet, 1)(Op::Else)(
                Op::LocalGet, 1)(Op::Drop)(Op::End))
            .starts_with("invalid: uninitialized local"));
  CHECK(run(Code()(Op::LocalGet, 7)(Op::Drop)) == "invalid: unknown local 7 at `local.get 7`");
}

TEST_CASE("calls") {
  Setting in;
  CHECK(in({{}, {kI64}}, Code().i32(0)(Op::Call, in.imported)) == "ok");
  CHECK(in({}, Code()(Op::Call, 99)) == "invalid: unknown function 99 at `call 99`");
  CHECK(in({{}, {kI64}}, Code().i32(0).i32(0)(Op::CallIndirect, in.callee, in.functions)) == "ok");
  CHECK(mismatch(in({{}, {kI64}}, Code().i32(0).i64(0)(Op::CallIndirect, in.callee, in.externs))));
  CHECK(in({}, Code()(Op::CallIndirect, in.callee, 9)) ==
        "invalid: unknown table 9 at `call_indirect 9 (type 3)`");
  CHECK(mismatch(in({}, Code().i32(0).i32(0)(Op::CallIndirect, in.pair, in.functions))));
  CHECK(in({{}, {kI64}}, Code().i32(0)(Op::RefFunc, in.imported)(Op::CallRef, in.callee)) == "ok");
  CHECK(in({{}, {kI64}}, Code().i32(0)(Op::ReturnCall, in.imported)) == "ok");
  CHECK(mismatch(in({{}, {kI32}}, Code().i32(0)(Op::ReturnCall, in.imported))));
}

TEST_CASE("memories of either index type") {
  Setting in;
  CHECK(in({{}, {kI32}}, Code().i32(0)(Op::I32Load, 2, 0)) == "ok");
  CHECK(in({{}, {kI32}}, Code().i64(0)(Op::I32Load, 2 | 0x40, in.memory64, 0)) == "ok");
  CHECK(mismatch(in({{}, {kI32}}, Code().i32(0)(Op::I32Load, 2 | 0x40, in.memory64, 0))));
  CHECK(in({{}, {kI32}}, Code().i32(0)(Op::I32Load, 3, 0))
            .starts_with("invalid: alignment must not be larger than natural"));
  CHECK(in({{}, {kI32}}, Code().i32(0)(Op::I32Load, 2, uint64_t{1} << 32))
            .starts_with("invalid: offset out of range"));
  CHECK(in({{}, {kI32}}, Code().i64(0)(Op::I32Load, 0x42, in.memory64, uint64_t{1} << 32)) == "ok");
  CHECK(in({}, Code().i32(0)(Op::I32Load, 0x42, 7, 0)) ==
        "invalid: unknown memory 7 at `i32.load 7`");
  CHECK(in({{}, {kI64}}, Code()(Op::MemorySize, in.memory64)) == "ok");
  CHECK(in({}, Code().i64(0).i32(0).i32(0)(Op::MemoryCopy, in.memory64, in.memory32)) == "ok");
  CHECK(in({}, Code().i64(0).i32(0).i32(0)(Op::MemoryInit, in.data, in.memory64)) == "ok");
  CHECK(in({}, Code()(Op::DataDrop, 5)) == "invalid: unknown data segment 5 at `data.drop 5`");
  CHECK(in({{}, {kI32}}, Code().i32(0)(Op::I32AtomicLoad, 1, 0))
            .starts_with("invalid: atomic alignment must be natural"));
  CHECK(in({{kV128}, {kI32}}, Code()(Op::LocalGet, 0)(Op::I8x16ExtractLaneS).byte(16)) ==
        "invalid: invalid lane index 16 at `i8x16.extract_lane_s 16`");
}

TEST_CASE("code that names data needs the data count section") {
  const Encoder body = std::move(Encoder().byte(0).byte(0xfc).u(9).u(0).byte(0x0b));
  CHECK(outcome(module_of({section(1, Encoder().u(1).byte(0x60).u(0).u(0)),
                           section(3, Encoder().u(1).u(0)),
                           section(10, Encoder().u(1).u(body.bytes().size()).raw(body.bytes()))}))
            .starts_with("malformed: data count section required"));
}

TEST_CASE("tables and globals") {
  Setting in;
  CHECK(in({{}, {wasm::kExternRef}}, Code().i64(0)(Op::TableGet, in.externs)) == "ok");
  CHECK(mismatch(
      in({}, Code().i32(0).ref_null(HeapType::Abstract::Extern)(Op::TableSet, in.functions))));
  CHECK(mismatch(in({}, Code().i32(0).i64(0).i32(0)(Op::TableCopy, in.functions, in.externs))));
  CHECK(in({}, Code().i32(0).i32(0).i32(0)(Op::TableInit, in.elements, in.functions)) == "ok");
  CHECK(in({}, Code()(Op::ElemDrop, 9)) == "invalid: unknown elem segment 9 at `elem.drop 9`");
  CHECK(in({}, Code().i64(0)(Op::GlobalSet, in.variable)) == "ok");
  CHECK(in({}, Code().i32(0)(Op::GlobalSet, in.constant)) ==
        "invalid: immutable global 0 at `global.set 0`");
  CHECK(in({}, Code()(Op::GlobalGet, 9)(Op::Drop)) ==
        "invalid: unknown global 9 at `global.get 9`");
}

TEST_CASE("select") {
  Setting in;
  CHECK(in({{}, {kI64}}, Code().i64(0).i64(0).i32(0)(Op::Select)) == "ok");
  CHECK(mismatch(in({}, Code().i64(0).i32(0).i32(0)(Op::Select)(Op::Drop))));
  const Code refs = Code().ref_null(HeapType::Abstract::Func).ref_null(HeapType::Abstract::Func);
  CHECK(mismatch(in({}, Code(refs).i32(0)(Op::Select)(Op::Drop))));
  CHECK(in({}, Code(refs).i32(0)(Op::SelectT, 1).byte(0x70)(Op::Drop)) == "ok");
  CHECK(in({}, Code(refs).i32(0)(Op::SelectT, 0)(Op::Drop))
            .starts_with("invalid: invalid result arity"));
}

TEST_CASE("references") {
  Setting in;
  const ValType any = ValType::ref(HeapType::Abstract::Any, true);
  const ValType func = ValType::ref(HeapType::Abstract::Func, false);
  CHECK(in({{any}, {kI32}}, Code()(Op::LocalGet, 0)(Op::RefIsNull)) == "ok");
  CHECK(mismatch(in({{kI32}, {kI32}}, Code()(Op::LocalGet, 0)(Op::RefIsNull))));
  CHECK(in({{kFuncRef}, {func}}, Code()(Op::LocalGet, 0)(Op::RefAsNonNull)) == "ok");
  CHECK(in({{}, {func}}, Code()(Op::RefFunc, in.imported)) == "ok");
  CHECK(in({{kFuncRef}, {func}}, Code()(Op::Block, kEmptyBlock)(Op::LocalGet, 0)(Op::BrOnNull, 0)(
                                     Op::Return)(Op::End)(Op::Unreachable)) == "ok");
  CHECK(in({{any}, {kI32}}, Code()(Op::LocalGet, 0)(Op::RefTest, in.pair)) == "ok");
  CHECK(mismatch(in({{kFuncRef}, {kI32}}, Code()(Op::LocalGet, 0)(Op::RefTest, in.pair))));
  CHECK(in({{any}, {ref_to(in.pair)}}, Code()(Op::LocalGet, 0)(Op::RefCast, in.pair)) == "ok");
  CHECK(in({{any}, {ref_to(in.pair)}},
           Code()
               .block(Op::Block, ref_to(in.pair))(Op::LocalGet, 0)(Op::BrOnCast)
               .byte(1)
               .byte(0)
               .byte(0x6e)
               .byte(in.pair)(Op::Drop)(Op::Unreachable)(Op::End)) == "ok");
  CHECK(mismatch(in(
      {{any}, {}},
      Code()(Op::LocalGet, 0)(Op::BrOnCast).byte(1).byte(0).byte(in.pair).byte(0x6e)(Op::Drop))));
  CHECK(in({{any}, {wasm::kExternRef}}, Code()(Op::LocalGet, 0)(Op::ExternConvertAny)) == "ok");
  CHECK(in({{}, {kI32}}, Code().i32(1)(Op::RefI31)(Op::I31GetU)) == "ok");
  CHECK(in({}, Code().ref_null(HeapType::concrete(77))(Op::Drop)) ==
        "invalid: unknown type 77 at `ref.null 77`");
}

TEST_CASE("structures and arrays") {
  Setting in;
  const ValType pair = ref_to(in.pair, true);
  CHECK(in({{}, {pair}}, Code().i32(1).i32(2)(Op::StructNew, in.pair)) == "ok");
  CHECK(in({{}, {pair}}, Code()(Op::StructNewDefault, in.pair)) == "ok");
  CHECK(in({{pair}, {kI32}}, Code()(Op::LocalGet, 0)(Op::StructGet, in.pair, 0)) == "ok");
  CHECK(in({{pair}, {kI32}}, Code()(Op::LocalGet, 0)(Op::StructGetU, in.pair, 1)) == "ok");
  CHECK(mismatch(in({{pair}, {kI32}}, Code()(Op::LocalGet, 0)(Op::StructGet, in.pair, 1))));
  CHECK(mismatch(in({{pair}, {kI32}}, Code()(Op::LocalGet, 0)(Op::StructGetS, in.pair, 0))));
  CHECK(in({{pair}, {}}, Code()(Op::LocalGet, 0).i32(1)(Op::StructSet, in.pair, 0)) == "ok");
  CHECK(in({{pair}, {}}, Code()(Op::LocalGet, 0).i32(1)(Op::StructSet, in.pair, 1)) ==
        "invalid: immutable field at `struct.set 0 1`");
  CHECK(in({{pair}, {}}, Code()(Op::LocalGet, 0)(Op::StructGet, in.pair, 2)(Op::Drop)) ==
        "invalid: unknown field 2 at `struct.get 0 2`");
  CHECK(mismatch(in({}, Code()(Op::StructNewDefault, in.bytes)(Op::Drop))));

  const ValType bytes = ref_to(in.bytes, true);
  CHECK(in({{}, {bytes}}, Code().i32(0).i32(9)(Op::ArrayNew, in.bytes)) == "ok");
  CHECK(in({{}, {bytes}}, Code().i32(0).i32(9)(Op::ArrayNewFixed, in.bytes, 2)) == "ok");
  CHECK(in({{}, {bytes}}, Code().i32(0).i32(4)(Op::ArrayNewData, in.bytes, in.data)) == "ok");
  CHECK(in({}, Code()(Op::ArrayNewFixed, in.bytes, 10'001)(Op::Drop))
            .starts_with("unsupported: array.new_fixed"));
  CHECK(in({{bytes}, {kI32}}, Code()(Op::LocalGet, 0)(Op::ArrayLen)) == "ok");
  CHECK(
      in({{ref_to(in.longs)}, {}}, Code()(Op::LocalGet, 0).i32(0).i64(1)(Op::ArraySet, in.longs)) ==
      "invalid: immutable array at `array.set 2`");
  CHECK(in(
            {
                {bytes, ref_to(in.longs)},
                {}
  },
            Code()(Op::LocalGet, 0)
                .i32(0)(Op::LocalGet, 1)
                .i32(0)
                .i32(1)(Op::ArrayCopy, in.bytes, in.longs))
            .starts_with("invalid: array types do not match"));
}

TEST_CASE("exceptions") {
  Setting in;
  CHECK(in({}, Code().i32(1)(Op::Throw, in.tag)) == "ok");
  CHECK(in({}, Code()(Op::Throw, 9)) == "invalid: unknown tag 9 at `throw 9`");
  CHECK(in({}, Code().ref_null(HeapType::Abstract::Exn)(Op::ThrowRef)) == "ok");
  // try_table: labels count from outside of it.
  const auto caught = [&](ValType result, uint8_t kind, uint32_t label) {
    Code code;
    code.block(Op::Block, result)(Op::TryTable, kEmptyBlock).byte(1).byte(kind);
    if (kind < 2) code.byte(in.tag);
    return in({}, code.byte(label)(Op::End)(Op::Unreachable)(Op::End)(Op::Drop));
  };
  CHECK(caught(kI32, 0, 0) == "ok");
  CHECK(mismatch(caught(kI64, 0, 0)));
  CHECK(mismatch(caught(kI32, 1, 0)));
  CHECK(caught(ValType::ref(HeapType::Abstract::Exn, false), 3, 0) == "ok");
  CHECK(caught(kI32, 0, 2) == "invalid: unknown label 2 at `try_table (catch 0 2)`");
}

TEST_CASE("exceptions, the legacy form") {
  Setting in;
  CHECK(in({}, Code()(Op::Try, kEmptyBlock)(Op::End)) == "ok");
  CHECK(in({{}, {kI32}},
           Code().block(Op::Try, kI32).i32(1)(Op::Catch, in.tag)(Op::CatchAll).i32(2)(Op::End)) ==
        "ok");
  CHECK(mismatch(in({{}, {kI32}}, Code().block(Op::Try, kI32).i32(1)(Op::CatchAll)(Op::End))));
  CHECK(in({}, Code()(Op::Try, kEmptyBlock)(Op::CatchAll)(Op::CatchAll)(Op::End)) ==
        "malformed: END opcode expected: misplaced catch_all");
  CHECK(in({}, Code()(Op::Catch, in.tag)) == "malformed: END opcode expected: misplaced catch");
  CHECK(in({}, Code()(Op::Try, kEmptyBlock)(Op::Delegate, 0)) == "ok");
  CHECK(in({}, Code()(Op::Try, kEmptyBlock)(Op::Delegate, 1)) ==
        "invalid: unknown label 1 at `delegate 1`");
  CHECK(in({}, Code()(Op::Try, kEmptyBlock)(Op::CatchAll)(Op::Rethrow, 0)(Op::End)) == "ok");
  CHECK(in({}, Code()(Op::Try, kEmptyBlock)(Op::Rethrow, 0)(Op::CatchAll)(Op::End)) ==
        "invalid: invalid rethrow label 0 at `rethrow 0`");
}
