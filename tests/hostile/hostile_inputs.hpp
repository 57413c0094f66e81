// Modules whose size or shape is the attack.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace wrun::test {

struct HostileInput {
  std::string name;
  std::vector<std::byte> bytes;
  bool valid = false;
};

std::vector<HostileInput> hostile_inputs();

}  // namespace wrun::test
