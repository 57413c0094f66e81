;; Imports in groups of one module name: with a type each, or with one type for all.
(module
  (func (export "one") (result i32) (i32.const 1))
  (func (export "two") (result i32) (i32.const 2))
  (global (export "three") i32 (i32.const 3))
  (global (export "four") i32 (i32.const 4))
  (memory (export "memory") 1))
(register "m")

(module
  (import "m" (item "one" (func $one (result i32))) (item "three" (global $three i32))
              (item "memory" (memory $memory 1)))
  (import "m" (item "four") (item "three") (global i32))
  (import "m" (item "two") (item "one") (func (result i32)))
  (import "m" "two" (func $two (result i32)))
  (func (export "sum") (result i32)
    (i32.mul (call $one) (i32.const 1))
    (i32.mul (call 1) (i32.const 10))
    (i32.mul (call 2) (i32.const 100))
    (i32.mul (call $two) (i32.const 1000))
    (i32.add) (i32.add) (i32.add))
  (func (export "globals") (result i32 i32 i32) (global.get $three) (global.get 1) (global.get 2)))
(assert_return (invoke "sum") (i32.const 2121))
(assert_return (invoke "globals") (i32.const 3) (i32.const 4) (i32.const 3))

;; Groups of nothing; a name of no bytes that is encoded in four; the kind behind a name.
(module binary
  "\00asm" "\01\00\00\00" "\01\05\01\60\00\01\7f"
  "\02\1b\03" "\01x\00\7f\00" "\01x\00\7e\00\00\00" "\01m\80\80\80\00\7e\00\00\01\03one" )
(assert_malformed
  (module binary
    "\00asm" "\01\00\00\00" "\01\05\01\60\00\01\7f" "\02\0a\01" "\01m" "\01a\7f" "\01\01b\00\00")
  "malformed import kind")
(assert_malformed
  (module binary
    "\00asm" "\01\00\00\00" "\01\05\01\60\00\01\7f" "\02\09\01" "\01m" "\00\7e\00\00\02\01b")
  "unexpected end")
(assert_malformed
  (module quote "(import \"m\" (item \"one\") (func $one))") "identifier not allowed")
(assert_malformed
  (module quote "(import \"m\" (item \"one\" (func)) (item \"two\"))") "unexpected token")
(assert_malformed
  (module quote "(import \"m\" (item \"one\") (item \"two\" (func)) (func))") "unexpected token")
(assert_unlinkable
  (module (import "m" (item "one") (item "three") (func (result i32)))) "incompatible import type")
(assert_unlinkable
  (module (import "m" (item "one" (func (result i32))) (item "none" (global i32)))) "unknown import")
