#include "codegen/a64/assembler.hpp"

#include <cstring>
#include <vector>

#include "catch.hpp"

namespace wrun::codegen::a64 {
namespace {

using namespace asmjit::a64::regs;

template <class Write>
std::vector<uint32_t> instructions(Write&& write) {
  asmjit::CodeHolder holder;
  holder.init(asmjit::Environment(asmjit::Arch::kAArch64));
  Assembler a;
  holder.attach(&a);
  write(a);
  const asmjit::CodeBuffer& buffer = holder.textSection()->buffer();
  std::vector<uint32_t> words(buffer.size() / sizeof(uint32_t));
  if (!words.empty()) std::memcpy(words.data(), buffer.data(), buffer.size());
  return words;
}

using Words = std::vector<uint32_t>;

TEST_CASE("constants take as few instructions as there are halfwords that differ") {
  const auto loads = [](const Gp& to, uint64_t value) {
    const Words words = instructions([&](Assembler& a) { a.load_constant(to, value); });
    CHECK(words.size() == constant_cost(value, to.size()));
    return words;
  };
  CHECK(loads(x0, 0) == Words{0xd2800000});
  CHECK(loads(x1, 0x12345678) == Words{0xd28acf01, 0xf2a24681});
  CHECK(loads(x2, UINT64_MAX) == Words{0x92800002});
  CHECK(loads(w3, 0xffff0000) == Words{0x52bfffe3});
  CHECK(loads(x4, 0x5555555555555555) == Words{0xb200f3e4});
  CHECK(loads(x5, 0x123456789abcdef0).size() == 4);
  CHECK(loads(w6, 0xffffffff).size() == 1);
}

TEST_CASE("sums with constants of any size") {
  const auto adds = [](const Gp& to, const Gp& from, int64_t value) {
    return instructions([&](Assembler& a) { a.add_constant(to, from, value); });
  };
  CHECK(adds(sp, sp, -32) == Words{0xd10083ff});
  CHECK(adds(x0, x1, 0x1002) == Words{0x91400420, 0x91000800});
  CHECK(adds(x0, x1, -(int64_t{1} << 32)) == Words{0xd2c00030, 0xcb100020});
  CHECK(adds(x0, x0, 0).empty());
}

TEST_CASE("offsets of any size") {
  const auto loads = [](int64_t offset) {
    return instructions([&](Assembler& a) { a.ldr(w0, a.at(x22, offset, 4)); });
  };
  CHECK(loads(-256) == Words{0xb85002c0});
  CHECK(loads(16380) == Words{0xb97ffec0});
  CHECK(loads(0x3008) == Words{0xb9700ac0});
  CHECK(loads(0x7008) == Words{0x91401ed0, 0xb9400a00});
  CHECK(loads(INT32_MAX).size() == 2);
}

TEST_CASE("pages are counted from the instruction's own") {
  CHECK(instructions([](Assembler& a) { a.load_page(x16, 0x1ffc, 0x5008); }) == Words{0x90000030});
  CHECK(instructions([](Assembler& a) { a.load_page(x16, 0x5000, 0x4fff); }) == Words{0xf0fffff0});
}

TEST_CASE("exclusive stores of all widths") {
  const auto store = [](const Gp& value, uint32_t bytes) {
    return instructions([&](Assembler& a) { a.store_exclusive(w17, value, x1, bytes); });
  };
  CHECK(store(w0, 1) == Words{0x0811fc20});
  CHECK(store(w0, 2) == Words{0x4811fc20});
  CHECK(store(w0, 4) == Words{0x8811fc20});
  CHECK(store(x0, 8) == Words{0xc811fc20});
}

}  // namespace
}  // namespace wrun::codegen::a64
