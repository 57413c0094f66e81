#include "catch.hpp"
#include "text/encode.hpp"

TEST_CASE("flat and folded instructions are the same") {
  const std::string add = "41 01 41 02 6a";
  CHECK(code_of("i32.const 1 i32.const 2 i32.add") == add);
  CHECK(code_of("(i32.add (i32.const 1) (i32.const 2))") == add);
  CHECK(code_of("i32.const 1 (i32.add (i32.const 2))") == add);
  CHECK(code_of("(drop (i32.eqz (i32.const 0)))") == "41 00 45 1a");
}

TEST_CASE("only folded instructions are operands") {
  CHECK(error_of("(func (i32.add i32.const 1 (i32.const 2)))")
            .starts_with("unexpected token `i32.const`"));
}

TEST_CASE("blocks end by `end` or by their parenthesis") {
  CHECK(code_of("block nop end") == "02 40 01 0b");
  CHECK(code_of("(block (nop))") == "02 40 01 0b");
  CHECK(code_of("(block nop loop nop end)") == "02 40 01 03 40 01 0b 0b");
  CHECK(error_of("(func block nop)").starts_with("unexpected token `)`, expected `end`"));
  CHECK(error_of("(func (block nop end))").starts_with("unexpected token"));
  CHECK(error_of("(func end)").starts_with("unexpected token"));
  CHECK(error_of("(func block else end)").starts_with("unexpected token"));
}

TEST_CASE("the condition of a folded if comes before it") {
  const std::string code = "20 00 04 7f 41 01 05 41 02 0b";
  CHECK(section_of("(func (param i32) (if (result i32) (local.get 0) (then (i32.const 1)) "
                   "(else (i32.const 2))))",
                   10) == "01 0c 00 " + code + " 0b");
  CHECK(code_of("i32.const 0 if nop else end") == "41 00 04 40 01 05 0b");
  CHECK(code_of("(if (i32.const 0) (then))") == "41 00 04 40 0b");
  CHECK(
      error_of("(func (if (i32.const 0)))").starts_with("unexpected token `)`, expected `(then`"));
  CHECK(error_of("(func (if (i32.const 0) (then) (nop)))").starts_with("unexpected token"));
  CHECK(error_of("(func (if (i32.const 0) (then) (else) (else)))").starts_with("unexpected token"));
}

TEST_CASE("labels are counted from the innermost block") {
  CHECK(code_of("block $a block $b br $a br $b br 1 end end") ==
        "02 40 02 40 0c 01 0c 00 0c 01 0b 0b");
  CHECK(code_of("(block $x (block $x (br $x)) (br $x))") == "02 40 02 40 0c 00 0b 0c 00 0b");
  CHECK(code_of("block $a (br_table $a 0 1 $a (i32.const 0)) end") ==
        "02 40 41 00 0e 03 00 00 01 00 0b");
  CHECK(error_of("(func (block $a) (br $a))") == "unknown label `$a`");
  CHECK(error_of("(func (block $a (if $b (br $b) (then))))").starts_with("unknown label"));
}

TEST_CASE("labels may be repeated behind else and end") {
  CHECK(code_of("i32.const 0 if $a nop else $a end $a") == "41 00 04 40 01 05 0b");
  CHECK(error_of("(func block $a end $b)") == "mismatching label `b`");
  CHECK(error_of("(func block end $b)") == "mismatching label `b`");
}

TEST_CASE("block types are nothing, a value type, or a type of the module") {
  CHECK(code_of("(block (result i64) (i64.const -1)) drop") == "02 7e 42 7f 0b 1a");
  CHECK(section_of("(type $t (func)) (func (block (type $t)))", 10) == "01 05 00 02 00 0b 0b");
  CHECK(section_of("(func (block (param i32) (result i32 i32) unreachable))", 1) ==
        "02 60 00 00 60 01 7f 02 7f 7f");
  CHECK(error_of("(type $t (func (param i32))) (func (block (type $t) (param i64)))")
            .starts_with("inline function type"));
}

TEST_CASE("try_table lists its clauses, whose labels are outside of it") {
  CHECK(section_of("(tag $e) (func (block $l (try_table $t (catch $e $l) (catch_all_ref 0) nop)))",
                   10) == "01 0f 00 02 40 1f 40 02 00 00 00 03 00 01 0b 0b 0b");
}

TEST_CASE("the old form of exception handling") {
  const std::string code = "01 0c 00 06 40 01 07 00 1a 19 09 00 0b 0b";
  CHECK(section_of("(tag (param i32)) (func (try $l (do nop) (catch 0 drop) "
                   "(catch_all (rethrow $l))))",
                   10) == code);
  CHECK(section_of("(tag (param i32)) (func try $l nop catch 0 drop catch_all rethrow $l end)",
                   10) == code);
  CHECK(code_of("(block $l (try $l (do) (delegate $l)))") == "02 40 06 40 18 00 0b");
  CHECK(code_of("block $l try $l delegate $l end") == "02 40 06 40 18 00 0b");
  CHECK(error_of("(func (try))").starts_with("unexpected token `)`, expected `(do`"));
  CHECK(error_of("(tag) (func (try (do) (catch 0) (delegate 0)))").starts_with("unexpected token"));
}

TEST_CASE("memory arguments have defaults") {
  CHECK(code_of("(i32.load (i32.const 0)) drop") == "41 00 28 02 00 1a");
  CHECK(code_of("(i64.store8 offset=0x80 align=1 (i32.const 0) (i64.const 0))") ==
        "41 00 42 00 3c 00 80 01");
  CHECK(section_of("(memory 0) (memory $m 0) (func i32.const 0 i32.load $m offset=1 drop)", 10) ==
        "01 09 00 41 00 28 42 01 01 1a 0b");
  CHECK(error_of("(func (i32.load align=3))") == "alignment must be a power of two");
  CHECK(error_of("(func (i32.load align=0))") == "alignment must be a power of two");
  CHECK(error_of("(func (i32.load offset=0x1_0000_0000_0000_0000))") ==
        "i64 constant out of range");
  CHECK(error_of("(func (i32.load offset=x))") == "unknown operator offset=x");
  CHECK(error_of("(func (i32.load align=1 offset=1))").starts_with("unexpected token"));
}

TEST_CASE("of a lane access a single number is the lane") {
  CHECK(code_of("v128.load8_lane 1") == "fd 54 00 00 01");
  CHECK(code_of("v128.load8_lane 1 2") == "fd 54 40 01 00 02");
  CHECK(code_of("v128.load8_lane offset=1 2") == "fd 54 00 01 02");
  CHECK(code_of("v128.load8_lane 1 align=1 2") == "fd 54 40 01 00 02");
}

TEST_CASE("indices that may be left out are 0") {
  CHECK(code_of("memory.size memory.grow memory.fill") == "3f 00 40 00 fc 0b 00");
  CHECK(code_of("memory.copy memory.copy 1 2") == "fc 0a 00 00 fc 0a 01 02");
  CHECK(code_of("table.init 3 table.init 1 3") == "fc 0c 03 00 fc 0c 03 01");
  CHECK(code_of("memory.init 3 memory.init 1 3") == "fc 08 03 00 fc 08 03 01");
  CHECK(code_of("table.copy table.get table.get 1") == "fc 0e 00 00 25 00 25 01");
  CHECK(code_of("call_indirect call_indirect 1 (param) (result)") == "11 00 00 11 00 01");
}

TEST_CASE("select has types or not") {
  CHECK(code_of("select") == "1b");
  CHECK(code_of("select (result i32)") == "1c 01 7f");
  CHECK(code_of("select (result)") == "1c 00");
  CHECK(code_of("select (result i32) (result i64)") == "1c 02 7f 7e");
}

TEST_CASE("casts depend on whether their target is nullable") {
  CHECK(code_of("ref.test (ref i31)") == "fb 14 6c");
  CHECK(code_of("ref.test i31ref") == "fb 15 6c");
  CHECK(code_of("ref.cast (ref null 3)") == "fb 17 03");
  CHECK(code_of("ref.cast (ref (exact 3))") == "fb 16 62 03");
  CHECK(code_of("br_on_cast 0 anyref (ref eq)") == "fb 18 01 00 6e 6d");
  CHECK(code_of("br_on_cast_fail 0 (ref any) (ref null 3)") == "fb 19 02 00 6e 03");
}

TEST_CASE("fields have names of their own in every structure") {
  const std::string types =
      "(type $a (struct (field $x i32) (field i32 i32) (field $y i32))) "
      "(type $b (struct (field $y i32)))";
  CHECK(section_of(types + "(func struct.get $a $y struct.get $b $y struct.set 0 2)", 10) ==
        "01 0e 00 fb 02 00 03 fb 02 01 00 fb 05 00 02 0b");
  CHECK(error_of(types + "(func struct.get $b $x)") == "unknown field `$x`");
  CHECK(error_of("(type (struct (field $x i32) (field $x i32)))") == "duplicate field `x`");
}

TEST_CASE("constants of all types") {
  CHECK(code_of("i32.const -1 i32.const 0xffffffff i64.const 64") == "41 7f 41 7f 42 c0 00");
  CHECK(code_of("f32.const 1 f64.const -0") == "43 00 00 80 3f 44 00 00 00 00 00 00 00 80");
  CHECK(code_of("v128.const i16x8 1 2 3 4 5 6 7 -1") ==
        "fd 0c 01 00 02 00 03 00 04 00 05 00 06 00 07 00 ff ff");
  CHECK(code_of("v128.const f64x2 inf nan:0x1") ==
        "fd 0c 00 00 00 00 00 00 f0 7f 01 00 00 00 00 00 f0 7f");
  CHECK(error_of("(func i32.const 0x1_0000_0000)").starts_with("constant out of range"));
  CHECK(error_of("(func v128.const i32x4 1 2 3)") == "wrong number of lane literals");
  CHECK(error_of("(func v128.const i64x2 1 2 3)") == "wrong number of lane literals");
  CHECK(error_of("(func v128.const i8x16 256 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)")
            .starts_with("constant out of range"));
  CHECK(error_of("(func i8x16.shuffle 1 2 3)").starts_with("invalid lane length"));
  CHECK(error_of("(func i32x4.extract_lane 256)").starts_with("i8 constant out of range"));
}

TEST_CASE("words that are no instruction are told from those in the wrong place") {
  CHECK(error_of("(func (get_local 0))") == "unknown operator get_local");
  CHECK(error_of("(func i32.const0)") == "unknown operator i32.const0");
  CHECK(error_of("(func (nop) (local i32))").starts_with("unexpected token `local`"));
  CHECK(error_of("(func nop nop nop x\"y\")") == "unknown operator x\"y\"");
}

TEST_CASE("deep nesting is no problem, or an error") {
  const auto nested = [](size_t depth, std::string_view open, std::string_view close) {
    std::string text = "(func ";
    for (size_t i = 0; i < depth; ++i) text += open;
    for (size_t i = 0; i < depth; ++i) text += close;
    return text + ")";
  };
  CHECK(error_of(nested(100'000, "(block ", ")")).empty());
  CHECK(error_of(nested(100'000, "block ", "end ")).empty());
  CHECK(error_of(nested(100'000, "(drop ", ")")).empty());
  CHECK(error_of(nested(100'000, "(if (then ", "))")).empty());
  CHECK(error_of(nested(100'000, "(", ")")).starts_with("unexpected token"));
  CHECK(error_of(nested(100'000, "(@x ", ")")).empty());
  CHECK(error_of(nested(100'000, "(;", ";)")).empty());
  CHECK(error_of(nested(1'100'000, "(block ", ")")) == "instructions nested too deep");
  CHECK(!error_of(std::string(100'000, '(')).empty());
}
