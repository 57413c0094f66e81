#include "catch.hpp"
#include "text/encode.hpp"

TEST_CASE("@name annotations win over identifiers") {
  CHECK(section_of("(module $m (@name \"M\"))", 0) == "04 6e 61 6d 65 00 02 01 4d");
  CHECK(section_of("(func $f (@name \"F\") (param (@name \"P\") i32))", 0) ==
        "04 6e 61 6d 65 01 04 01 00 01 46 02 06 01 00 01 00 01 50");
  CHECK(section_of("(func $f (@name \"\"))", 0) == "04 6e 61 6d 65 01 03 01 00 00");
  CHECK(error_of("(func (@name \"\\ff\"))") == "malformed UTF-8 encoding");
  CHECK(error_of("(module (@name \"a\") (@name \"b\"))").starts_with("@name annotation: multiple"));
  CHECK(error_of("(module (func) (@name \"a\"))") == "misplaced @name annotation");
  CHECK(error_of("(start 0 (@name \"a\"))") == "misplaced @name annotation");
}

TEST_CASE("@custom annotations become sections where they say") {
  CHECK(section_of("(@custom \"a\" \"b\" \"\\00\")", 0) == "01 61 62 00");
  const auto module = wrun::text::parse_module(
      "(func) (@custom \"z\") (@custom \"c\" (after func)) (@custom \"b\" (before func)) "
      "(@custom \"a\" (before first) \"!\")");
  REQUIRE(module);
  CHECK(hex(module->bytes) ==
        "00 61 73 6d 01 00 00 00 00 03 01 61 21 01 04 01 60 00 00 00 02 01 62 03 02 01 00 "
        "00 02 01 63 0a 04 01 02 00 0b 00 02 01 7a");
}

TEST_CASE("@custom annotations are checked") {
  CHECK(error_of("(@custom)") == "@custom annotation: missing section name");
  CHECK(error_of("(@custom \"\\df\")") == "@custom annotation: malformed UTF-8 encoding");
  CHECK(error_of("(@custom \"a\" here)").starts_with("@custom annotation: unexpected token"));
  CHECK(error_of("(@custom \"a\" (aft type))")
            .starts_with("@custom annotation: malformed placement"));
  CHECK(error_of("(@custom \"a\" (after types))") == "@custom annotation: malformed section kind");
  CHECK(error_of("(func (@custom \"a\"))") == "misplaced @custom annotation");
  CHECK(error_of("(type (@custom \"a\") $t (func))") == "misplaced @custom annotation");
}

TEST_CASE("branch hints stand in front of their branch") {
  const std::string name =
      "19 6d 65 74 61 64 61 74 61 2e 63 6f 64 65 2e 62 72 61 6e 63 68 5f 68 69 6e 74 ";
  CHECK(section_of("(func (@metadata.code.branch_hint \"\\01\") (if (i32.const 0) (then)))", 0) ==
        name + "01 00 01 03 01 01");
  CHECK(section_of("(func) (func i32.const 0 (@metadata.code.branch_hint \"\\00\") br_if 0)", 0) ==
        name + "01 01 01 03 01 00");
  CHECK(
      error_of("(func (@metadata.code.branch_hint \"\\01\") (@metadata.code.branch_hint \"\\01\") "
               "nop)") == "@metadata.code.branch_hint annotation: duplicate annotation");
  CHECK(error_of("(module (@metadata.code.branch_hint \"\\01\"))") ==
        "@metadata.code.branch_hint annotation: not in a function");
  CHECK(!error_of("(func nop (@metadata.code.branch_hint \"\\01\"))").empty());
  CHECK(!error_of("(func (@metadata.code.branch_hint \"\\02\") nop)").empty());
}

TEST_CASE("other annotations are comments, wherever they are") {
  CHECK(code_of("(@x) i32.const (@a (b)) 1 (@y \")\") drop") == "41 01 1a");
  CHECK(error_of("((@a) module (@a) $m ((@a) func (@a)) (@a))").empty());
}
