;; Several threads count in one memory, wait for each other, and are woken.
(module $Mem (memory (export "shared") 1 4 shared))

(thread $T1 (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "count") (param i32)
      (loop $l
        (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
        (drop (i64.atomic.rmw8.add_u (i32.const 8) (i64.const 1)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.atomic.store (i32.const 16) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 16) (i32.const 1)))))
  (invoke "count" (i32.const 20000)))

(thread $T2 (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "count") (param i32) (local i32)
      (loop $l
        (loop $again
          (local.set 1 (i32.atomic.load (i32.const 0)))
          (br_if $again (i32.ne (local.get 1)
            (i32.atomic.rmw.cmpxchg (i32.const 0) (local.get 1) (i32.add (local.get 1) (i32.const 1))))))
        (drop (i64.atomic.rmw8.add_u (i32.const 8) (i64.const 1)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.atomic.store (i32.const 20) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 20) (i32.const 1)))
      (drop (memory.grow (i32.const 1)))))
  (invoke "count" (i32.const 20000)))

(register "mem" $Mem)
(module
  (memory (import "mem" "shared") 1 4 shared)
  (func (export "wait-for") (param i32) (result i32)
    (loop $l
      (if (i32.eqz (i32.atomic.load (local.get 0))) (then
        (drop (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const 1000000000)))
        (br $l))))
    (i32.atomic.load (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.atomic.load (local.get 0)))
  (func (export "load8") (param i32) (result i32) (i32.atomic.load8_u (local.get 0)))
  (func (export "pages") (result i32) (memory.size))
  (func (export "timeout") (result i32)
    (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const 1000000)))
  (func (export "unequal") (result i32)
    (memory.atomic.wait64 (i32.const 64) (i64.const 1) (i64.const -1)))
  (func (export "nobody") (result i32) (memory.atomic.notify (i32.const 64) (i32.const -1)))
  (func (export "unaligned") (result i32) (i32.atomic.load (i32.const 1))))

(assert_return (invoke "wait-for" (i32.const 16)) (i32.const 1))
(assert_return (invoke "wait-for" (i32.const 20)) (i32.const 1))
(wait $T1)
(wait $T2)
(assert_return (invoke "load" (i32.const 0)) (i32.const 40000))
(assert_return (invoke "load8" (i32.const 8)) (i32.const 64))
(assert_return (invoke "pages") (i32.const 2))
(assert_return (invoke "timeout") (i32.const 2))
(assert_return (invoke "unequal") (i32.const 1))
(assert_return (invoke "nobody") (i32.const 0))
(assert_trap (invoke "unaligned") "unaligned atomic")
