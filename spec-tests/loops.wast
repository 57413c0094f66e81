;; Loops that compiled code may be entered at in the middle: results must not depend on where the
;; interpreter handed over.

(module
  ;; Locals of all types, set before, in and after the loop, and one that is first read after it.
  (func (export "locals") (param $n i32) (result i64 f32 f64 i32)
    (local $a i64) (local $b f32) (local $c f64) (local $late i32) (local $v v128)
    (local.set $b (f32.const 0.5))
    (local.set $v (v128.const i64x2 1 2))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $a (i64.add (local.get $a) (i64x2.extract_lane 1 (local.get $v))))
        (local.set $b (f32.add (local.get $b) (f32.const 1)))
        (local.set $c (f64.sub (local.get $c) (f64.const 0.25)))
        (local.set $v (i64x2.add (local.get $v) (v128.const i64x2 1 1)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (local.get $a) (local.get $b) (local.get $c) (local.get $late))

  ;; An inner loop that only some rounds of the outer one come to, and that goes on to the next round from its
  ;; middle: entered there, the outer loop would have two ways in.
  (func (export "two ways in") (param $n i32) (result i32)
    (local $sum i32) (local $i i32) (local $j i32)
    (loop $outer
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (if (i32.and (local.get $i) (i32.const 1))
        (then
          (local.set $j (i32.const 0))
          (loop $inner
            (local.set $sum (i32.add (local.get $sum) (local.get $j)))
            (local.set $j (i32.add (local.get $j) (i32.const 1)))
            (br_if $outer (i32.and (i32.eq (local.get $j) (i32.const 5))
                                   (i32.lt_u (local.get $i) (local.get $n))))
            (br_if $inner (i32.lt_u (local.get $j) (i32.const 7))))
          (local.set $sum (i32.add (local.get $sum) (i32.const 1000)))))
      (local.set $sum (i32.mul (local.get $sum) (i32.const 3)))
      (br_if $outer (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  (func (export "three deep") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $k i32) (local $sum i32) (local $kept i32)
    (local.set $kept (local.get $n))
    (loop $a
      (local.set $j (i32.const 0))
      (loop $b
        (local.set $k (i32.const 0))
        (loop $c
          (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31))
                                   (i32.add (local.get $k) (local.get $kept))))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br_if $c (i32.lt_u (local.get $k) (local.get $n))))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $b (i32.lt_u (local.get $j) (local.get $n))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $a (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  ;; Operands lie below the loop, and the loop has some of its own.
  (func (export "operands") (param $n i32) (result i32)
    (local.get $n)
    (loop (result i32)
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if 0 (local.get $n))
      (i32.const 7))
    (i32.sub))
  (func (export "parameters") (param $n i32) (result i32)
    (i32.const 1)
    (loop (param i32) (result i32)
      (i32.mul (local.get $n))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; Fewer, as many and more results than parameters take slots.
  (func (export "many results") (param $n i32) (result i64 i64 i64 i64 i64 f64)
    (local $x i64)
    (loop $next
      (local.set $x (i64.add (local.get $x) (i64.extend_i32_u (local.get $n))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (f64.const 6))

  (func $recursive (export "recursive") (param $depth i32) (result i32)
    (local $i i32) (local $sum i32)
    (loop $next
      (if (local.get $depth)
        (then
          (local.set $sum
            (i32.add (local.get $sum)
                     (call $recursive (i32.sub (local.get $depth) (i32.const 1)))))))
      (local.set $sum (i32.add (local.get $sum) (local.get $i)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
    (local.get $sum))

  (func (export "tail call") (param $n i32) (result i32)
    (local $i i32)
    (loop $next
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (return_call $recursive (local.get $n)))

  (memory 1)
  (func (export "trap") (param $n i32) (result i32)
    (local $i i32)
    (loop $next (result i32)
      (i32.store (local.get $i) (i32.const 1))
      (local.set $i (i32.add (local.get $i) (i32.const 4096)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n)))
      (i32.load (local.get $i))))

  (tag $e (param i32))
  (func $throws (param i32) (throw $e (local.get 0)))
  (func (export "catch") (param $n i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum
        (i32.add (local.get $sum)
          (block $caught (result i32)
            (try_table (catch $e $caught) (call $throws (local.get $n)))
            (i32.const 0))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "loop in a try") (param $n i32) (result i32)
    (local $sum i32)
    (block $caught (result i32)
      (try_table (catch $e $caught)
        (loop $next
          (local.set $sum (i32.add (local.get $sum) (local.get $n)))
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (call $throws (local.get $sum)))
      (i32.const -1))
    (i32.add (local.get $sum))))

(assert_return (invoke "locals" (i32.const 3)) (i64.const 9) (f32.const 3.5) (f64.const -0.75) (i32.const 0))
(assert_return (invoke "locals" (i32.const 1000))
               (i64.const 501500) (f32.const 1000.5) (f64.const -250) (i32.const 0))
(assert_return (invoke "two ways in" (i32.const 1)) (i32.const 3063))
(assert_return (invoke "two ways in" (i32.const 6)) (i32.const 390))
(assert_return (invoke "two ways in" (i32.const 9)) (i32.const 6663))
(assert_return (invoke "three deep" (i32.const 1)) (i32.const 1))
(assert_return (invoke "three deep" (i32.const 2)) (i32.const 1913255812))
(assert_return (invoke "operands" (i32.const 100)) (i32.const 93))
(assert_return (invoke "parameters" (i32.const 5)) (i32.const 120))
(assert_return (invoke "many results" (i32.const 100))
               (i64.const 5050) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (f64.const 6))
(assert_return (invoke "recursive" (i32.const 5)) (i32.const 1092))
(assert_return (invoke "tail call" (i32.const 4)) (i32.const 363))
(assert_return (invoke "trap" (i32.const 61440)) (i32.const 0))
(assert_trap (invoke "trap" (i32.const 65537)) "out of bounds memory access")
(assert_return (invoke "catch" (i32.const 10)) (i32.const 55))
(assert_return (invoke "loop in a try" (i32.const 10)) (i32.const 110))
