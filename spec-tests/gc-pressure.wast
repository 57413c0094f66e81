;; Far more objects than the heap holds at a time; what is still referred to survives.
(module
  (type $node (struct (field $value i32) (field $next (ref null $node))))
  (type $ints (array (mut i32)))
  (type $refs (array (mut (ref null $node))))
  (type $tree (sub (struct (field (ref null $tree)) (field (ref null $tree)))))
  (global $kept (mut (ref null $node)) (ref.null $node))
  (table $table 4 (ref null $node))

  (func $list (param $length i32) (result (ref null $node)) (local $list (ref null $node))
    (loop $l
      (local.set $list (struct.new $node (local.get $length) (local.get $list)))
      (br_if $l (local.tee $length (i32.sub (local.get $length) (i32.const 1)))))
    (local.get $list))
  (func $sum (param $list (ref null $node)) (result i64) (local $sum i64)
    (block $end
      (loop $l
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $sum (i64.add (local.get $sum)
          (i64.extend_i32_u (struct.get $node $value (local.get $list)))))
        (local.set $list (struct.get $node $next (local.get $list)))
        (br $l)))
    (local.get $sum))

  ;; 200 lists of 10,000 nodes, with one kept in a local, a global, a table and an array.
  (func (export "churn") (result i64 i64 i64 i64)
    (local $i i32) (local $mine (ref null $node)) (local $array (ref $refs))
    (local.set $mine (call $list (i32.const 1000)))
    (global.set $kept (call $list (i32.const 2000)))
    (table.set $table (i32.const 2) (call $list (i32.const 3000)))
    (local.set $array (array.new_default $refs (i32.const 10)))
    (array.set $refs (local.get $array) (i32.const 9) (call $list (i32.const 4000)))
    (local.set $i (i32.const 200))
    (loop $l
      (drop (call $list (i32.const 10000)))
      (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (call $sum (local.get $mine))
    (call $sum (global.get $kept))
    (call $sum (table.get $table (i32.const 2)))
    (call $sum (array.get $refs (local.get $array) (i32.const 9))))

  ;; Arrays of all sizes, small ones between large ones.
  (func (export "sizes") (result i32) (local $i i32) (local $a (ref null $ints)) (local $sum i32)
    (loop $l
      (local.set $a (array.new $ints (local.get $i) (local.get $i)))
      (if (local.get $i) (then
        (local.set $sum (i32.xor (local.get $sum)
          (array.get $ints (local.get $a) (i32.sub (local.get $i) (i32.const 1)))))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3000))))
    (local.get $sum))

  (func $make (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (local.get $depth)
      (then (struct.new $tree
        (call $make (i32.sub (local.get $depth) (i32.const 1)))
        (call $make (i32.sub (local.get $depth) (i32.const 1)))))
      (else (struct.new_default $tree))))
  (func $count (param (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get 0))
      (then (i32.const 0))
      (else (i32.add (i32.const 1) (i32.add
        (call $count (struct.get $tree 0 (local.get 0)))
        (call $count (struct.get $tree 1 (local.get 0))))))))
  (func (export "trees") (param $times i32) (result i32) (local $long (ref null $tree)) (local $n i32)
    (local.set $long (call $make (i32.const 12)))
    (loop $l
      (local.set $n (i32.add (local.get $n) (call $count (call $make (i32.const 10)))))
      (br_if $l (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i32.add (local.get $n) (call $count (local.get $long))))

  ;; A list deeper than any stack is marked all the same.
  (func (export "deep") (result i64)
    (global.set $kept (call $list (i32.const 300000)))
    (drop (call $list (i32.const 300000)))
    (call $sum (global.get $kept))))

(assert_return (invoke "churn") (i64.const 500500) (i64.const 2001000) (i64.const 4501500) (i64.const 8002000))
(assert_return (invoke "sizes") (i32.const 0))
(assert_return (invoke "trees" (i32.const 50)) (i32.const 110541))
(assert_return (invoke "deep") (i64.const 45000150000))
(assert_return (invoke "churn") (i64.const 500500) (i64.const 2001000) (i64.const 4501500) (i64.const 8002000))
