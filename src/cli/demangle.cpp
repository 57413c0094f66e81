#include <cxxabi.h>

#include <cstdlib>
#include <memory>

#include "cli/messages.hpp"

namespace wrun::cli {
namespace {

// The older mangling of Rust is that of C++, with a hash as the last name: `::h` and 16 digits.
void remove_rust_hash(std::string& name) {
  constexpr size_t kHashSize = 19;
  if (name.size() <= kHashSize) return;
  const std::string_view tail = std::string_view(name).substr(name.size() - kHashSize);
  if (tail.starts_with("::h") && tail.find_first_not_of("0123456789abcdef", 3) == tail.npos)
    name.resize(name.size() - kHashSize);
}

}  // namespace

std::string demangle(const std::string& name) {
  if (!name.starts_with("_Z")) return name;
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  if (status != 0 || demangled == nullptr) return name;
  std::string text = demangled.get();
  remove_rust_hash(text);
  return text;
}

}  // namespace wrun::cli
