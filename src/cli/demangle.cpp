#include "cli/messages.hpp"

#define HAVE_DECL_BASENAME 1  // what follows would declare it differently from the C library
#include <libiberty/demangle.h>

namespace wrun::cli {

namespace {

// A short name can stand for one of gigabytes, since it can refer back to its own parts.
constexpr size_t kLongestName = 4096;
struct TooLong {};

void append(const char* part, size_t size, void* opaque) {
  auto& text = *static_cast<std::string*>(opaque);
  if (size > kLongestName - text.size()) throw TooLong();  // the only way to stop the demangler
  text.append(part, size);
}

}  // namespace

std::string demangle(const std::string& name) {
  if (name.size() > kLongestName) return name;
  std::string text;
  try {
    for (const auto& demangler : {rust_demangle_callback, cplus_demangle_v3_callback}) {
      if (demangler(name.c_str(), DMGL_PARAMS | DMGL_ANSI, append, &text) != 0) return text;
      text.clear();
    }
    return name;
  } catch (const TooLong&) {
    return name;
  }
}

}  // namespace wrun::cli
