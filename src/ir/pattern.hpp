// Patterns of expressions, for rewrite_rules.cpp: written with functions, kept in flat arrays.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ir/function.hpp"

namespace wrun::ir {

struct Term {
  enum class Kind : uint8_t {
    Value,     // any value, the same wherever the variable occurs
    Constant,  // any constant, the same wherever the variable occurs
    Bits,      // this constant
    Computed,  // in replacements: a constant from the constants that matched
    Operation,
  };
  Kind kind = Kind::Value;
  uint8_t variable = 0;
  uint8_t operands = 0;
  Type type = Type::None;  // Bits, Computed, Operation
  Op op = Op::Nop;
  uint64_t bits = 0;
  uint64_t (*compute)(uint64_t c, uint64_t d) = nullptr;
};

// Terms in prefix order.
struct Pattern {
  static constexpr size_t kMaxTerms = 8;
  std::array<Term, kMaxTerms> terms = {};
  uint8_t count = 0;

  constexpr void append(const Pattern& other) {
    for (uint8_t i = 0; i < other.count; ++i) terms[count++] = other.terms[i];
  }
};

constexpr Pattern single(Term term) {
  Pattern pattern;
  pattern.terms[pattern.count++] = term;
  return pattern;
}

template <class... Operands>
constexpr Pattern operation(Op op, Type type, const Operands&... operands) {
  Pattern pattern = single({.kind = Term::Kind::Operation,
                            .operands = static_cast<uint8_t>(sizeof...(operands)),
                            .type = type,
                            .op = op});
  (pattern.append(operands), ...);
  return pattern;
}

constexpr Pattern bits(Type type, uint64_t value) {
  return single({.kind = Term::Kind::Bits, .type = type, .bits = value});
}

constexpr Pattern computed(Type type, uint64_t (*compute)(uint64_t, uint64_t)) {
  return single({.kind = Term::Kind::Computed, .type = type, .compute = compute});
}

inline constexpr size_t kVariables = 5;
inline constexpr Pattern kX = single({.kind = Term::Kind::Value, .variable = 0});
inline constexpr Pattern kY = single({.kind = Term::Kind::Value, .variable = 1});
inline constexpr Pattern kZ = single({.kind = Term::Kind::Value, .variable = 2});
inline constexpr Pattern kC = single({.kind = Term::Kind::Constant, .variable = 3});
inline constexpr Pattern kD = single({.kind = Term::Kind::Constant, .variable = 4});

// What the variables stand for.
struct Match {
  const Function& function;
  std::array<Value, kVariables> values = {};

  Value x() const { return values[0]; }
  uint64_t bits_of(uint8_t variable) const {
    return values[variable].exists() ? function[values[variable]].immediate : 0;
  }
  uint64_t c() const { return bits_of(3); }
  uint64_t d() const { return bits_of(4); }
};

struct Rule {
  std::string_view name;
  Pattern from;
  Pattern to;
  bool (*when)(const Match& match) = nullptr;
};

}  // namespace wrun::ir
