#include "binary/names.hpp"

#include "decode.hpp"

using namespace wrun;
using namespace wrun::test;
using binary::NameSection;

namespace {

std::shared_ptr<const wasm::Module> with_names(const Encoder& contents) {
  Encoder custom;
  custom.text("name").raw(contents.bytes());
  return decode_good(module_of({section(0, custom)}));
}

}  // namespace

TEST_CASE("names of module, functions and locals") {
  Encoder locals;
  locals.u(2).u(3).u(1).u(0).text("x").u(5).u(2).u(0).text("y").u(7).text("z");
  Encoder contents;
  contents.raw(section(0, Encoder().text("mod")).bytes())
      .raw(section(1, Encoder().u(2).u(3).text("three").u(5).text("five")).bytes())
      .raw(section(2, locals).bytes())
      .raw(section(9, Encoder().byte(1).byte(2)).bytes());
  const auto module = with_names(contents);
  const NameSection names(*module);
  CHECK(names.module_name() == "mod");
  CHECK(names.function_name(3) == "three");
  CHECK(names.function_name(5) == "five");
  CHECK_FALSE(names.function_name(4));
  CHECK_FALSE(names.function_name(6));
  CHECK(names.local_name(3, 0) == "x");
  CHECK(names.local_name(5, 7) == "z");
  CHECK_FALSE(names.local_name(5, 1));
  CHECK_FALSE(names.local_name(4, 0));
}

TEST_CASE("no names, and broken ones") {
  CHECK_FALSE(NameSection(*decode_good(module_of({}))).function_name(0));

  // Cut off at every byte: what is whole is there, the rest is not.
  Encoder contents;
  contents.raw(section(0, Encoder().text("mod")).bytes())
      .raw(section(1, Encoder().u(2).u(0).text("zero").u(1).text("one")).bytes());
  for (size_t size = 0; size < contents.bytes().size(); ++size) {
    Encoder cut;
    cut.raw({contents.bytes().begin(), contents.bytes().begin() + static_cast<long>(size)});
    const auto module = with_names(cut);
    const NameSection names(*module);
    CHECK_FALSE(names.function_name(1));
    CHECK(names.module_name().has_value() == (size >= 6));
  }

  // Out of order, twice, with a count that lies, not UTF-8.
  const auto module = with_names(section(
      1,
      Encoder().u(9999).u(4).text("four").u(2).text("two").u(4).text("again").u(7).text("\xff")));
  const NameSection names(*module);
  CHECK(names.function_name(2) == "two");
  CHECK(names.function_name(4) == "four");
  CHECK_FALSE(names.function_name(7));
}
