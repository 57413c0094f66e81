// Functions that are never emitted out of line. Headers that are compiled for several instruction
// sets in one binary need this: of an ordinary inline function the linker keeps one copy, and it
// might be one that the processor cannot run.
#pragma once

#define WRUN_INLINE [[gnu::always_inline]] static inline
