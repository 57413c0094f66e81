// Runs a module in every way, and says where two of them differ.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "difftest/choices.hpp"

namespace wrun::difftest {

// Of processor time, in which a module is done many times over.
inline constexpr int kSecondsPerModule = 10;

struct Comparison {
  std::string difference = {};  // empty: none
  std::string problem = {};     // why the module cannot be run
  uint32_t calls = 0, traps = 0, functions = 0, compiled_functions = 0;
};

Comparison compare(std::span<const std::byte> module, bool apart);

// The same in a process of its own, since wrong code may end it or never end: the difference.
std::string compare_safely(std::span<const std::byte> module, bool apart);

// Fewer and smaller decisions for which there still is a difference.
std::vector<uint64_t> reduce(std::vector<uint64_t> choices);

}  // namespace wrun::difftest
