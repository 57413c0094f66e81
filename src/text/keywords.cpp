#include "text/keywords.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace wrun::text {

namespace {

using wasm::kNoOp;
using wasm::Op;

constexpr std::string_view kMnemonics[] = {
#define WRUN_OP(id, prefix, code, text, imm, sig, feature, flags) text,
#include "wasm/opcodes.def"
#undef WRUN_OP
};

constexpr uint32_t hash_of(std::string_view name) {
  uint32_t hash = 0x811c9dc5;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193;
  return hash ^ hash >> 15;
}

constexpr size_t kSlots = 2048;
static_assert(kSlots > 2 * wasm::kOpCount);

consteval std::array<Op, kSlots> make_table() {
  std::array<Op, kSlots> table;
  table.fill(kNoOp);
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const std::string_view name = kMnemonics[i];
    if (name.contains(' ')) continue;  // `ref.test null`: the `null` belongs to the immediate
    size_t slot = hash_of(name) % kSlots;
    while (table[slot] != kNoOp && kMnemonics[static_cast<size_t>(table[slot])] != name)
      slot = (slot + 1) % kSlots;
    if (table[slot] == kNoOp) table[slot] = static_cast<Op>(i);
  }
  return table;
}
constexpr auto kTable = make_table();

constexpr auto kOthers = std::to_array<std::string_view>({
    "after",
    "any",
    "anyref",
    "array",
    "arrayref",
    "assert_exception",
    "assert_exhaustion",
    "assert_invalid",
    "assert_invalid_custom",
    "assert_malformed",
    "assert_malformed_custom",
    "assert_return",
    "assert_suspension",
    "assert_trap",
    "assert_unlinkable",
    "before",
    "binary",
    "catch",
    "catch_all",
    "catch_all_ref",
    "catch_ref",
    "code",
    "data",
    "datacount",
    "declare",
    "definition",
    "delegate",
    "describes",
    "descriptor",
    "do",
    "either",
    "elem",
    "else",
    "end",
    "eq",
    "eqref",
    "exact",
    "exn",
    "exnref",
    "export",
    "extern",
    "externref",
    "f32",
    "f32x4",
    "f64",
    "f64x2",
    "field",
    "final",
    "first",
    "func",
    "funcref",
    "get",
    "global",
    "i16",
    "i16x8",
    "i31",
    "i31ref",
    "i32",
    "i32x4",
    "i64",
    "i64x2",
    "i8",
    "i8x16",
    "import",
    "instance",
    "invoke",
    "item",
    "last",
    "local",
    "memory",
    "module",
    "mut",
    "nan:arithmetic",
    "nan:canonical",
    "noexn",
    "noextern",
    "nofunc",
    "none",
    "null",
    "nullexnref",
    "nullexternref",
    "nullfuncref",
    "nullref",
    "offset",
    "pagesize",
    "param",
    "quote",
    "rec",
    "ref",
    "ref.any",
    "ref.array",
    "ref.exn",
    "ref.extern",
    "ref.host",
    "ref.struct",
    "register",
    "result",
    "shared",
    "start",
    "struct",
    "structref",
    "sub",
    "table",
    "tag",
    "then",
    "thread",
    "type",
    "unshared",
    "v128",
    "wait",
});
static_assert(std::ranges::is_sorted(kOthers));

}  // namespace

Op find_mnemonic(std::string_view name) {
  for (size_t slot = hash_of(name) % kSlots; kTable[slot] != kNoOp; slot = (slot + 1) % kSlots)
    if (kMnemonics[static_cast<size_t>(kTable[slot])] == name) return kTable[slot];
  return kNoOp;
}

bool is_keyword(std::string_view word) {
  return find_mnemonic(word) != kNoOp || std::ranges::binary_search(kOthers, word) ||
         word.starts_with("offset=") || word.starts_with("align=");
}

}  // namespace wrun::text
