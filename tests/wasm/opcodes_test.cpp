#include "wasm/opcodes.hpp"

#include <set>
#include <string>

#include "catch.hpp"

using namespace wrun::wasm;

namespace {

// Enumerator names by the rule: the words of the text, each with a capital.
std::string id_of(std::string_view text) {
  std::string id;
  bool start = true;
  for (char c : text) {
    if (c == '.' || c == '_' || c == ' ') {
      start = true;
      continue;
    }
    id += start && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    start = false;
  }
  return id;
}

constexpr std::string_view kIds[] = {
#define WRUN_OP(id, prefix, code, text, imm, sig, feature, flags) #id,
#include "wasm/opcodes.def"
#undef WRUN_OP
};

}  // namespace

TEST_CASE("every opcode is found by its encoding and named by its text") {
  std::set<std::string> texts;
  for (size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    CHECK(find_op(info(op).prefix, info(op).code) == op);
    if (op == Op::SelectT) continue;  // shares its text with select
    INFO(text(op));
    CHECK(texts.insert(std::string(text(op))).second);
    CHECK(kIds[i] == id_of(text(op)));
  }
}

TEST_CASE("the table has all instructions") {
  size_t by_prefix[5] = {};
  for (const OpInfo& op : kOpInfos) ++by_prefix[op.prefix == 0 ? 0 : op.prefix - kGcPrefix + 1];
  CHECK(by_prefix[0] == 199);
  CHECK(by_prefix[1] == 38);
  CHECK(by_prefix[2] == 22);
  CHECK(by_prefix[3] == 256);
  CHECK(by_prefix[4] == 67);
}

TEST_CASE("unknown encodings are no opcodes") {
  CHECK(find_op(0, 0xff) == kNoOp);
  CHECK(find_op(0, 0x16) == kNoOp);
  CHECK(find_op(kGcPrefix, 0x1f) == kNoOp);
  CHECK(find_op(kMiscPrefix, 0x12) == kNoOp);
  CHECK(find_op(kSimdPrefix, 0x114) == kNoOp);
  CHECK(find_op(kSimdPrefix, 0x9a) == kNoOp);
  CHECK(find_op(kAtomicPrefix, 0x4f) == kNoOp);
  CHECK(find_op(kSimdPrefix, UINT32_MAX) == kNoOp);
  CHECK(find_op(0xff, 0) == kNoOp);
}

TEST_CASE("signatures and access widths") {
  const OpSignature& add = info(Op::I64Add128).signature;
  CHECK(add.param_count == 4);
  CHECK(add.result_count == 2);
  CHECK(add.params[3] == ValType::Kind::I64);
  CHECK(info(Op::Call).signature.special);
  CHECK(info(Op::V128Load8Splat).access_log2() == 0);
  CHECK(info(Op::V128Load8x8S).access_log2() == 3);
  CHECK(info(Op::V128Store).access_log2() == 4);
  CHECK(info(Op::I64AtomicRmw32CmpxchgU).access_log2() == 2);
  CHECK(info(Op::I32Add).has(op_flag::Commutes));
  CHECK_FALSE(info(Op::I32Sub).has(op_flag::Commutes));
  for (const OpInfo& op : kOpInfos) {
    if (op.has(op_flag::Commutes) && !op.signature.special) {
      CHECK(op.signature.param_count == 2);
      CHECK(op.signature.params[0] == op.signature.params[1]);
    }
    if (op.has(op_flag::Load) || op.has(op_flag::Store)) {
      CHECK(op.accesses_memory());
      CHECK(op.signature.params[0] == ValType::Kind::I32);
    }
  }
}
