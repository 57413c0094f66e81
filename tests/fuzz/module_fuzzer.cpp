// Decoder, validator, printer and text parser: what is accepted prints to text that is accepted and
// prints the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "binary/decoder.hpp"
#include "text/parser.hpp"
#include "text/printer.hpp"

namespace {

using namespace wrun;

std::shared_ptr<const wasm::Module> decode(std::span<const std::byte> bytes) {
  static wasm::TypeRegistry types;
  const auto module = binary::decode_module(
      bytes, nullptr, {.types = types, .features = wasm::FeatureSet::all(), .threads = 1});
  return module ? *module : nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto module = decode(std::as_bytes(std::span(data, size)));
  if (module == nullptr) return 0;
  const std::string printed = text::print_module(*module);
  const auto parsed = text::parse_module(printed);
  WRUN_CHECK(parsed);
  const auto again = decode(parsed->bytes);
  WRUN_CHECK(again != nullptr);
  WRUN_CHECK(text::print_module(*again) == printed);
  return 0;
}
