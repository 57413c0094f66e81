(module $m (@name "M")
  (rec (type $s (sub (struct (field $x i32) (field (mut i8))))) (type $a (array (mut (ref null $s)))))
  (type $f (func (param i32) (param $p f64) (result v128)))
  (import "a" "b" (func $i (exact (type $f))))
  (tag $e (param i32))
  (table $t i64 1 2 (ref null func) (ref.null func))
  (table funcref (elem $g $g))
  (memory $mem 1 65536 shared) (memory i64 (pagesize 1) (data "\00\u{3bb}"))
  (global $v (mut i32) (i32.const -0x8000_0000))
  (@custom "c" (after code) "x")
  (func $g (export "g") (param $p i32) (result i32) (local $l v128)
    (block $b (result i32)
      (try_table (result i32) (catch $e $b) (throw $e (local.get $p))))
    (@metadata.code.branch_hint "\01") (if (result i32) (then (i32.const 1)) (else unreachable))
    loop $l2 local.get 0 br_table $l2 0 end $l2
    (call_indirect $t (type $f) (i32.const 0) (f64.const nan:0x1) (i64.const 0)) drop
    (br_on_cast 0 anyref (ref null $s) (struct.new_default $s)) drop
    (v128.const f32x4 inf -0x1.8p-3 1e3 +nan) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    v128.store8_lane $mem offset=1 align=1 3
    (try (do nop) (catch $e drop) (catch_all rethrow 0)) memory.init 0 memory.copy table.init 0 0)
  (elem declare func $g) (elem $el (table $t) (i64.const 0) funcref (ref.func $g) (item ref.null func))
  (data $d "\"\\\n") (start $g) (export "t" (table 0)))
