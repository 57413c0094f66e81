// The text parser: any source is a module, a script, or an error.
#include <cstddef>
#include <cstdint>

#include "text/parser.hpp"
#include "text/script.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto module = wrun::text::parse_module(source);
  if (!module) wrun::text::render(module.error(), source, "input");
  const auto script = wrun::text::parse_script(source);
  if (!script) wrun::text::render(script.error(), source, "input");
  return 0;
}
