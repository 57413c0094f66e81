#include <algorithm>

#include "catch.hpp"
#include "text/encode.hpp"

using namespace wrun::text;

TEST_CASE("a module with and without its parentheses") {
  CHECK(error_of("").empty());
  CHECK(error_of("(module)").empty());
  CHECK(error_of("(module $m (func))").empty());
  CHECK(error_of("(func) (func)").empty());
  CHECK(error_of("(module) (module)").starts_with("unexpected token `(`, expected the end"));
  CHECK(error_of("(module").starts_with("unexpected token: the text ends here"));
  CHECK(error_of("(module))").starts_with("unexpected token `)`"));
  CHECK(error_of("(modul)").starts_with("unknown operator modul"));
  CHECK(error_of("(module (nop))").starts_with("unexpected token `nop`"));
}

TEST_CASE("a module written as its bytes") {
  const auto module = parse_module(R"((module binary "\00asm" "\01\00\00\00"))");
  REQUIRE(module);
  CHECK(hex(module->bytes) == "00 61 73 6d 01 00 00 00");
}

TEST_CASE("names may be used before they are bound") {
  CHECK(section_of("(func call $f) (func $f)", 10) == "02 04 00 10 01 0b 02 00 0b");
  CHECK(section_of("(export \"f\" (func $f)) (func) (func $f)", 7) == "01 01 66 00 01");
  CHECK(error_of("(func call $g)") == "unknown function `$g`");
  CHECK(error_of("(func $f) (func $f)") == "duplicate function `f`");
  CHECK(error_of("(func (param $x i32) (local $x i32))") == "duplicate local `x`");
}

TEST_CASE("type uses share types, and add what is missing behind those that are defined") {
  CHECK(section_of("(func (param i32)) (type (func (param i64))) (func (param i32)) (func)", 1) ==
        "03 60 01 7e 00 60 01 7f 00 60 00 00");
  CHECK(section_of("(func (param i32)) (type (func (param i64))) (func (param i32)) (func)", 3) ==
        "03 01 01 02");
  // Only types that stand alone, are final and have no supertype.
  CHECK(section_of("(rec (type (func)) (type (func))) (func)", 3) == "01 02");
  CHECK(section_of("(rec (type (func))) (func)", 3) == "01 00");
  CHECK(section_of("(type (sub (func))) (func)", 3) == "01 01");
  CHECK(error_of("(type $t (func (param i32))) (func (type $t) (param i64))")
            .starts_with("inline function type"));
  CHECK(error_of("(func (type 7) (param i64))") == "unknown type 7");
}

TEST_CASE("parameters of a type that is only named come before the locals") {
  CHECK(section_of("(func (type $t) (local $x i32) local.get $x drop) "
                   "(type $t (func (param i32 i64)))",
                   10) == "01 07 01 01 7f 20 02 1a 0b");
}

TEST_CASE("locals are counted in runs") {
  CHECK(section_of("(func (local i32 i32) (local $x i32) (local i64) (local) (local (ref null 0)))",
                   10) == "01 09 03 03 7f 01 7e 01 63 00 0b");
}

TEST_CASE("reference types in short and in long") {
  CHECK(section_of("(type (func (param funcref (ref null func) (ref func) (ref null 0) (ref 0) "
                   "nullexnref (ref null (exact 0)))))",
                   1) == "01 60 07 70 70 64 70 63 00 64 00 74 63 62 00 00");
}

TEST_CASE("structures, arrays and hierarchies") {
  CHECK(section_of(
            "(type (struct (field i8 (mut i16)) (field $x (mut i32)))) (type (array (mut f32)))",
            1) == "02 5f 03 78 00 77 01 7f 01 5e 7d 01");
  CHECK(section_of(
            "(type $a (sub (struct))) (type (sub final $a (struct))) (type (sub final (func)))",
            1) == "03 50 00 5f 00 4f 01 00 5f 00 60 00 00");
  CHECK(section_of("(rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct)))",
                   1) == "01 4e 02 4d 01 5f 00 4c 00 5f 00");
}

TEST_CASE("imports and exports inside of definitions") {
  CHECK(section_of(R"((func $f (export "a") (export "b") (import "m" "n") (param i32)))", 2) ==
        "01 01 6d 01 6e 00 00");
  CHECK(section_of(R"((func $f (export "a") (export "b") (import "m" "n") (param i32)))", 7) ==
        "02 01 61 00 00 01 62 00 00");
  CHECK(section_of(R"((import "m" "n" (func (exact (type 0)))) (type (func)))", 2) ==
        "01 01 6d 01 6e 20 00");
  CHECK(section_of(R"((tag (import "" "") (param i32)) (global (import "" "") (mut i32))
                      (memory (import "" "") i64 1 2 shared) (table (import "" "") 0 externref))",
                   2) == "04 00 00 04 00 00 00 00 03 7f 01 00 00 02 07 01 02 00 00 01 6f 00 00");
  CHECK(error_of(R"((func) (import "" "" (func)))") == "import after function definition");
  CHECK(error_of(R"((memory 0) (table (import "" "") 0 funcref))") ==
        "import after memory definition");
  CHECK(error_of(R"((export "\ff" (func 0)))") == "malformed UTF-8 encoding");
}

TEST_CASE("tables bring their elements or an initial value") {
  CHECK(section_of("(table 1 2 funcref)", 4) == "01 70 01 01 02");
  CHECK(section_of("(table i64 0 (ref 0) (ref.func 0))", 4) == "01 40 00 64 00 04 00 d2 00 0b");
  CHECK(section_of("(func $f) (table funcref (elem $f $f))", 4) == "01 70 01 02 02");
  CHECK(section_of("(func $f) (table funcref (elem $f $f))", 9) == "01 02 00 41 00 0b 00 02 00 00");
  CHECK(section_of("(table i64 anyref (elem (ref.null any)))", 9) ==
        "01 06 00 42 00 0b 6e 01 d0 6e 0b");
}

TEST_CASE("all forms of element segments") {
  const std::string before = "(table $t 1 funcref) (table $u 1 funcref) (func $f)";
  const auto elem = [&](std::string_view text) {
    return section_of(before + std::string(text), 9);
  };
  CHECK(elem("(elem (i32.const 0) $f)") == "01 00 41 00 0b 01 00");
  CHECK(elem("(elem (offset (i32.const 0)) func $f)") == "01 00 41 00 0b 01 00");
  CHECK(elem("(elem func $f)") == "01 01 00 01 00");
  CHECK(elem("(elem (table $t) (i32.const 0) func $f)") == "01 02 00 41 00 0b 00 01 00");
  CHECK(elem("(elem (table $u) (i32.const 0) func $f)") == "01 02 01 41 00 0b 00 01 00");
  CHECK(elem("(elem 1 (i32.const 0) $f)") == "01 02 01 41 00 0b 00 01 00");
  CHECK(elem("(elem declare func $f)") == "01 03 00 01 00");
  CHECK(elem("(elem (i32.const 0) funcref (ref.func $f) (item ref.null func))") ==
        "01 04 41 00 0b 02 d2 00 0b d0 70 0b");
  CHECK(elem("(elem externref (ref.null extern))") == "01 05 6f 01 d0 6f 0b");
  CHECK(elem("(elem (ref func))") == "01 05 64 70 00");
  CHECK(elem("(elem (table $u) (i32.const 0) funcref)") == "01 06 01 41 00 0b 70 00");
  CHECK(elem("(elem (i32.const 0) (ref func))") == "01 06 00 41 00 0b 64 70 00");
  CHECK(elem("(elem declare funcref)") == "01 07 70 00");
}

TEST_CASE("memories and their data") {
  CHECK(section_of("(memory i64 1 2) (memory 1 (pagesize 1)) (memory 0 65536 shared)", 5) ==
        "03 05 01 02 08 01 00 03 00 80 80 04");
  CHECK(section_of("(memory (data \"ab\" \"c\"))", 5) == "01 01 01 01");
  CHECK(section_of("(memory (data))", 5) == "01 01 00 00");
  CHECK(section_of("(memory (data \"ab\" \"c\"))", 11) == "01 00 41 00 0b 03 61 62 63");
  CHECK(section_of("(memory i64 (pagesize 1) (data \"abc\"))", 5) == "01 0d 03 03 00");
  CHECK(section_of("(memory 0) (memory $m 0) (data (memory $m) (i32.const 0) \"x\")", 11) ==
        "01 02 01 41 00 0b 01 78");
  CHECK(section_of("(data $d \"\\00\")", 11) == "01 01 01 00");
  CHECK(error_of("(memory 1 (pagesize 3))").starts_with("invalid custom page size"));
  CHECK(error_of("(memory 1 (pagesize 0))").starts_with("invalid custom page size"));
}

TEST_CASE("segments inside of tables and memories count") {
  CHECK(section_of("(memory (data)) (data $d) (func data.drop $d)", 10) == "01 05 00 fc 09 01 0b");
  CHECK(section_of("(table funcref (elem)) (elem $e func) (func elem.drop $e)", 10) ==
        "01 05 00 fc 0d 01 0b");
}

TEST_CASE("the number of data segments is written where code needs it") {
  CHECK(section_of("(memory 0) (data \"\") (func data.drop 0)", 12) == "01");
  CHECK(section_of("(memory 0) (data \"\")", 12) == "none");
}

TEST_CASE("there is one start function at most") {
  CHECK(section_of("(func $f) (start $f)", 8) == "00");
  CHECK(error_of("(func) (start 0) (start 0)") == "multiple start sections");
}

TEST_CASE("identifiers become the name section") {
  CHECK(section_of("(module $m (func $f (param $p i32) (local $l i32) (block $b)))", 0) ==
        "04 6e 61 6d 65 00 02 01 6d 01 04 01 00 01 66 02 09 01 00 02 00 01 70 01 01 6c "
        "03 06 01 00 01 00 01 62");
  CHECK(section_of("(type $t (struct (field $x i32))) (memory $m 0) (tag $e)", 0) ==
        "04 6e 61 6d 65 04 04 01 00 01 74 06 04 01 00 01 6d 0a 06 01 00 01 00 01 78 "
        "0b 04 01 00 01 65");
  CHECK(section_of("(func)", 0) == "none");
}

TEST_CASE("a mark for every instruction") {
  const std::string_view source = "(module\n  (func nop\n    (drop (i32.const 1))))";
  const auto module = parse_module(source);
  REQUIRE(module);
  const auto drop = std::ranges::find(module->bytes, std::byte{0x1a}) - module->bytes.begin();
  REQUIRE(module->find_source(static_cast<uint64_t>(drop)));
  CHECK(source.substr(*module->find_source(static_cast<uint64_t>(drop))).starts_with("drop"));
  CHECK(source.substr(*module->find_source(static_cast<uint64_t>(drop - 2)))
            .starts_with("i32.const"));
  CHECK(source.substr(*module->find_source(static_cast<uint64_t>(drop - 3))).starts_with("nop"));
  CHECK(!module->find_source(0));
}

TEST_CASE("errors say where they are") {
  const auto module = parse_module("(module\n  (func\n    i32.const oops))");
  REQUIRE(!module);
  CHECK(module.error().position == Position{3, 15});
  CHECK(parse_module("(func \"\n").error().position == Position{1, 7});
  CHECK(parse_module("(func) \xff").error().message == "malformed UTF-8 encoding");
  CHECK(parse_module("(func) \xff").error().position == Position{1, 8});
}
