// The registers of AArch64, numbered as they are encoded. Number 31 is the stack pointer.
#pragma once

#include "codegen/registers.hpp"

namespace wrun::codegen::a64 {

constexpr Reg x(uint32_t number) { return Reg::integer(number); }
constexpr Reg v(uint32_t number) { return Reg::vector(number); }

inline constexpr Reg kFramePointer = x(29);
inline constexpr Reg kStackPointer = x(31);

}  // namespace wrun::codegen::a64
