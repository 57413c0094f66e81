// The registers of x86-64 by name, numbered as they are encoded.
#pragma once

#include "codegen/registers.hpp"

namespace wrun::codegen::x64 {

inline constexpr Reg kRax = Reg::integer(0);
inline constexpr Reg kRcx = Reg::integer(1);
inline constexpr Reg kRdx = Reg::integer(2);
inline constexpr Reg kRbx = Reg::integer(3);
inline constexpr Reg kRsp = Reg::integer(4);
inline constexpr Reg kRbp = Reg::integer(5);
inline constexpr Reg kRsi = Reg::integer(6);
inline constexpr Reg kRdi = Reg::integer(7);
inline constexpr Reg kR8 = Reg::integer(8);
inline constexpr Reg kR9 = Reg::integer(9);
inline constexpr Reg kR10 = Reg::integer(10);
inline constexpr Reg kR11 = Reg::integer(11);
inline constexpr Reg kR12 = Reg::integer(12);
inline constexpr Reg kR13 = Reg::integer(13);
inline constexpr Reg kR14 = Reg::integer(14);
inline constexpr Reg kR15 = Reg::integer(15);

constexpr Reg xmm(uint32_t number) { return Reg::vector(number); }

}  // namespace wrun::codegen::x64
