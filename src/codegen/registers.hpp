// Registers of any machine: a class and a number in it, and sets of them as one word.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>

namespace wrun::codegen {

enum class RegClass : uint8_t { Integer, Vector };

struct Reg {
  uint8_t index = UINT8_MAX;

  static constexpr Reg integer(uint32_t number) { return {static_cast<uint8_t>(number)}; }
  static constexpr Reg vector(uint32_t number) { return {static_cast<uint8_t>(32 + number)}; }
  static constexpr uint32_t kCount = 64;

  constexpr bool exists() const { return index != UINT8_MAX; }
  constexpr RegClass reg_class() const { return index < 32 ? RegClass::Integer : RegClass::Vector; }
  constexpr uint32_t number() const { return index & 31; }  // in its class, as encoded
  constexpr bool operator==(const Reg&) const = default;
};
inline constexpr Reg kNoReg = {};

class RegSet {
 public:
  constexpr RegSet() = default;
  constexpr RegSet(std::initializer_list<Reg> regs) {
    for (Reg reg : regs) add(reg);
  }
  static constexpr RegSet from_bits(uint64_t bits) {
    RegSet set;
    set.bits_ = bits;
    return set;
  }
  static constexpr RegSet of_class(RegClass reg_class) {
    return from_bits(reg_class == RegClass::Integer ? 0xffffffff : 0xffffffff00000000);
  }

  constexpr uint64_t bits() const { return bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool contains(Reg reg) const { return (bits_ >> reg.index & 1) != 0; }
  constexpr uint32_t size() const { return static_cast<uint32_t>(std::popcount(bits_)); }
  constexpr void add(Reg reg) { bits_ |= uint64_t{1} << reg.index; }
  constexpr void remove(Reg reg) { bits_ &= ~(uint64_t{1} << reg.index); }
  constexpr Reg first() const { return {static_cast<uint8_t>(std::countr_zero(bits_))}; }

  constexpr RegSet operator|(RegSet other) const { return from_bits(bits_ | other.bits_); }
  constexpr RegSet operator&(RegSet other) const { return from_bits(bits_ & other.bits_); }
  constexpr RegSet operator-(RegSet other) const { return from_bits(bits_ & ~other.bits_); }
  constexpr bool operator==(const RegSet&) const = default;

  // In ascending order.
  class Iterator {
   public:
    explicit constexpr Iterator(uint64_t bits) : bits_(bits) {}
    constexpr Reg operator*() const { return {static_cast<uint8_t>(std::countr_zero(bits_))}; }
    constexpr Iterator& operator++() {
      bits_ &= bits_ - 1;
      return *this;
    }
    constexpr bool operator==(const Iterator&) const = default;

   private:
    uint64_t bits_;
  };
  constexpr Iterator begin() const { return Iterator(bits_); }
  constexpr Iterator end() const { return Iterator(0); }

 private:
  uint64_t bits_ = 0;
};

}  // namespace wrun::codegen
