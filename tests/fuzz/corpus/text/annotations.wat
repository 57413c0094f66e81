(module (@a , ; ] [ (bla) "x"y (@b)) (func $"a \u{41}" (@name "n") ;; c
 (; (; ;) ;) (@x "\")") nop) (@custom "s" (before first) "a" "b"))
