;; Binary trees of structures: what allocation and collection cost. run(depth) is the sum of the
;; checks of all trees, as in the benchmarks game.
(module
  (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree))))

  (func $make (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (i32.eqz (local.get $depth))
      (then (struct.new $tree (ref.null none) (ref.null none)))
      (else
        (struct.new $tree
          (call $make (i32.sub (local.get $depth) (i32.const 1)))
          (call $make (i32.sub (local.get $depth) (i32.const 1)))))))

  ;; The number of nodes.
  (func $check (param $tree (ref $tree)) (result i32)
    (local $left (ref null $tree))
    (if (result i32)
      (ref.is_null (local.tee $left (struct.get $tree $left (local.get $tree))))
      (then (i32.const 1))
      (else
        (i32.add
          (i32.add
            (call $check (ref.as_non_null (local.get $left)))
            (call $check (ref.as_non_null (struct.get $tree $right (local.get $tree)))))
          (i32.const 1)))))

  (func (export "run") (param $max i32) (result i32)
    (local $depth i32) (local $count i32) (local $sum i32) (local $kept (ref null $tree))
    (local.set $sum
      (call $check (call $make (i32.add (local.get $max) (i32.const 1)))))
    (local.set $kept (call $make (local.get $max)))
    (local.set $depth (i32.const 4))
    (loop $depths
      (local.set $count
        (i32.shl (i32.const 1)
          (i32.add (i32.sub (local.get $max) (local.get $depth)) (i32.const 4))))
      (loop $trees
        (local.set $sum
          (i32.add (local.get $sum) (call $check (call $make (local.get $depth)))))
        (br_if $trees
          (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
      (br_if $depths
        (i32.le_s
          (local.tee $depth (i32.add (local.get $depth) (i32.const 2)))
          (local.get $max))))
    (i32.add (local.get $sum) (call $check (ref.as_non_null (local.get $kept))))))
