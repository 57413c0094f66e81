#include "binary/instruction_reader.hpp"

#include "catch.hpp"
#include "support/module_builder.hpp"

using namespace wrun;
using namespace wrun::binary;
using namespace wrun::test;
using wasm::Imm;
using wasm::Op;

namespace {

// Some immediate of this kind, none of whose parts are 0 if that can be avoided.
void add_immediate(Imm imm, Encoder& out) {
  switch (imm) {
    case Imm::None:         break;
    case Imm::Block:        out.byte(0x7f); break;
    case Imm::LabelTable:   out.u(2).u(3).u(4).u(300); break;
    case Imm::TypeTable:
    case Imm::TableTable:
    case Imm::ElemTable:
    case Imm::DataMemory:
    case Imm::MemoryMemory:
    case Imm::TypeField:
    case Imm::TypeType:
    case Imm::TypeData:
    case Imm::TypeElem:
    case Imm::TypeCount:    out.u(200).u(70000); break;
    case Imm::MemArg:       out.u(0x42).u(5).u(1'000'000); break;
    case Imm::MemArgLane:   out.u(2).u(77).byte(3); break;
    case Imm::Lane:         out.byte(9); break;
    case Imm::V128:
    case Imm::Lanes16:      out.fixed(0x0706050403020100, 8).fixed(0x0f0e0d0c0b0a0908, 8); break;
    case Imm::I32:          out.s(-5); break;
    case Imm::I64:          out.s(INT64_MIN); break;
    case Imm::F32:          out.fixed(0x7fc00001, 4); break;
    case Imm::F64:          out.fixed(0x7ff8000000000001, 8); break;
    case Imm::HeapType:     out.byte(0x6d); break;
    case Imm::SelectTypes:  out.u(1).byte(0x7c); break;
    case Imm::BrOnCast:     out.byte(3).u(8).byte(0x6e).s(1000); break;
    case Imm::TryTable:     out.byte(0x40).u(2).byte(1).u(6).u(7).byte(2).u(8); break;
    case Imm::Zero:         out.byte(0); break;
    default:                out.u(12345); break;  // one index
  }
}

void check_immediate(const Instruction& insn, const InstructionReader<false>& reader) {
  switch (wasm::info(insn.op).imm) {
    case Imm::None:
    case Imm::Zero: break;
    case Imm::Block:
      CHECK(insn.block.form == BlockType::Form::Value);
      CHECK(insn.block.value == wasm::kI32);
      break;
    case Imm::LabelTable: {
      CHECK(insn.list_count == 2);
      LabelReader labels = reader.labels(insn);
      CHECK(labels.next() == 3);
      CHECK(labels.next() == 4);
      CHECK(labels.next() == 300);
      break;
    }
    case Imm::TypeTable:
    case Imm::TableTable:
    case Imm::ElemTable:
    case Imm::DataMemory:
    case Imm::MemoryMemory:
    case Imm::TypeField:
    case Imm::TypeType:
    case Imm::TypeData:
    case Imm::TypeElem:
    case Imm::TypeCount:
      CHECK(insn.index == 200);
      CHECK(insn.index2 == 70000);
      break;
    case Imm::MemArg:
      CHECK(insn.align_log2 == 2);
      CHECK(insn.index == 5);
      CHECK(insn.value == 1'000'000);
      break;
    case Imm::MemArgLane:
      CHECK(insn.index == 0);
      CHECK(insn.value == 77);
      CHECK(insn.lane == 3);
      break;
    case Imm::Lane: CHECK(insn.lane == 9); break;
    case Imm::V128:
    case Imm::Lanes16:
      CHECK(insn.value == 0x0706050403020100);
      CHECK(insn.value_high == 0x0f0e0d0c0b0a0908);
      break;
    case Imm::I32:         CHECK(insn.value == 0xfffffffb); break;
    case Imm::I64:         CHECK(insn.value == uint64_t{1} << 63); break;
    case Imm::F32:         CHECK(insn.value == 0x7fc00001); break;
    case Imm::F64:         CHECK(insn.value == 0x7ff8000000000001); break;
    case Imm::HeapType:    CHECK(insn.heap == wasm::HeapType::Abstract::Eq); break;
    case Imm::SelectTypes: CHECK(insn.select_type == wasm::kF64); break;
    case Imm::BrOnCast:
      CHECK(insn.lane == (kCastSourceNullable | kCastTargetNullable));
      CHECK(insn.index == 8);
      CHECK(insn.heap == wasm::HeapType::Abstract::Any);
      CHECK(insn.heap2 == wasm::HeapType::concrete(1000));
      break;
    case Imm::TryTable: {
      CHECK(insn.block.form == BlockType::Form::Empty);
      CHECK(insn.list_count == 2);
      CatchReader catches = reader.catches(insn);
      const CatchClause first = catches.next();
      CHECK(first.kind == CatchKind::CatchRef);
      CHECK(first.tag == 6);
      CHECK(first.label == 7);
      const CatchClause second = catches.next();
      CHECK(second.kind == CatchKind::CatchAll);
      CHECK(second.label == 8);
      break;
    }
    default: CHECK(insn.index == 12345); break;
  }
}

std::vector<std::byte> encode(Op op) {
  Encoder encoder;
  encoder.raw(Code()(op).bytes());
  add_immediate(wasm::info(op).imm, encoder);
  return encoder.bytes();
}

std::string error_of(const std::vector<std::byte>& bytes,
                     wasm::FeatureSet features = wasm::FeatureSet::all()) {
  InstructionReader<false> reader(bytes.data(), 0, static_cast<uint32_t>(bytes.size()), features);
  Instruction insn;
  while (reader.next(insn)) {
  }
  return reader.has_error() ? reader.error().message : "";
}

}  // namespace

TEST_CASE("every instruction is read back as it was encoded") {
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    INFO(wasm::text(op));
    const std::vector<std::byte> bytes = encode(op);
    const auto size = static_cast<uint32_t>(bytes.size());
    Instruction insn;
    InstructionReader<false> reader(bytes.data(), 0, size);
    REQUIRE(reader.next(insn));
    CHECK(insn.op == op);
    CHECK(insn.offset == 0);
    CHECK(reader.at_end());
    check_immediate(insn, reader);
    CHECK_FALSE(reader.next(insn));
    CHECK_FALSE(reader.has_error());

    InstructionReader<true> trusted(bytes.data(), 0, size);
    Instruction again;
    REQUIRE(trusted.next(again));
    CHECK(again.op == op);
    CHECK(trusted.position() == size);
  }
}

TEST_CASE("an instruction that is cut off anywhere is an error") {
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const std::vector<std::byte> bytes = encode(op);
    for (size_t size = 1; size < bytes.size(); ++size) {
      INFO(wasm::text(op) << " cut to " << size);
      const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
      CHECK(error_of(cut) == Cursor::kUnexpectedEnd);
    }
  }
}

TEST_CASE("an instruction needs its feature") {
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const wasm::Feature feature = wasm::info(op).feature;
    if (feature == wasm::Feature::Mvp) continue;
    wasm::FeatureSet features = wasm::FeatureSet::all();
    features.disable(feature);
    CHECK(
        error_of(encode(op), features).starts_with(std::string(wasm::text(op)) + ": the feature"));
  }
}

TEST_CASE("malformed instructions") {
  const auto bytes = [](std::initializer_list<int> values) {
    Encoder encoder;
    for (int value : values) encoder.byte(value);
    return encoder.bytes();
  };
  CHECK(error_of(bytes({0xff})) == "illegal opcode ff");
  CHECK(error_of(bytes({0xfc, 0x12})) == "illegal opcode fc 12");
  CHECK(error_of(bytes({0xfd, 0x9a, 0x01})) == "illegal opcode fd 9a");
  CHECK(error_of(bytes({0x28, 0x80, 0x01, 0x00})) == "malformed memop flags");
  CHECK(error_of(bytes({0x28, 0x40, 0x00, 0x00}), wasm::FeatureSet::all()).empty());
  CHECK(error_of(bytes({0xfe, 0x03, 0x01})) == "zero byte expected");
  CHECK(error_of(bytes({0xd0, 0x41})) == "malformed heap type");
  CHECK(error_of(bytes({0x02, 0x41})) == "malformed value type");
  CHECK(error_of(bytes({0xfb, 0x18, 0x04, 0x00, 0x6e, 0x6e})) == "malformed br_on_cast flags");
  CHECK(error_of(bytes({0x1f, 0x40, 0x01, 0x04, 0x00})) == "malformed catch clause");
  // Counts are not believed.
  CHECK(error_of(bytes({0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00})) == Cursor::kUnexpectedEnd);
  CHECK(error_of(bytes({0x1f, 0x40, 0xff, 0xff, 0xff, 0xff, 0x0f})) == Cursor::kUnexpectedEnd);
  CHECK(error_of(bytes({0x1c, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f})) == Cursor::kUnexpectedEnd);
}

TEST_CASE("locals come in runs") {
  const std::vector<std::byte> bytes =
      Encoder().u(2).u(3).byte(0x7f).u(100000).byte(0x7b).byte(0x0b).bytes();
  InstructionReader<true> reader(bytes.data(), 0, static_cast<uint32_t>(bytes.size()));
  std::vector<std::pair<uint32_t, wasm::ValType>> runs;
  REQUIRE(reader.read_locals([&](uint32_t count, wasm::ValType type) {
    runs.emplace_back(count, type);
    return true;
  }));
  CHECK(runs == std::vector<std::pair<uint32_t, wasm::ValType>>{
                    {     3,  wasm::kI32},
                    {100000, wasm::kV128}
  });
  Instruction insn;
  REQUIRE(reader.next(insn));
  CHECK(insn.op == Op::End);
}
