// Every module of the test suite, printed and read again.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "binary/decoder.hpp"
#include "catch.hpp"
#include "text/printer.hpp"
#include "text/script.hpp"

namespace fs = std::filesystem;
using namespace wrun;

namespace {

using Bytes = std::vector<std::byte>;

Result<std::shared_ptr<const wasm::Module>> decode(const Bytes& bytes) {
  static wasm::TypeRegistry types;
  return binary::decode_module(bytes, nullptr,
                               {.types = types, .features = wasm::FeatureSet::all(), .threads = 1});
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What a module becomes that is printed and read again; its text if that cannot be read.
std::expected<Bytes, std::string> reread(const Bytes& bytes, const text::PrintOptions& options) {
  const auto module = decode(bytes);
  if (!module) return std::unexpected("cannot be decoded: " + module.error().message);
  const std::string source = text::print_module(**module, options);
  auto binary = text::parse_module(source);
  if (!binary) return std::unexpected(text::render(binary.error(), source, "printed"));
  return std::move(binary->bytes);
}

void check_module(const text::Module& module) {
  const auto binary = module.encode();
  if (!binary || !decode(binary->bytes)) return;  // meant to be refused
  auto flat = reread(binary->bytes, {});
  INFO((flat ? "" : flat.error()));
  REQUIRE(flat);
  // What was written in binary may be encoded in ways that text cannot tell.
  if (module.form == text::Module::Form::Binary) {
    const auto again = reread(*flat, {});
    REQUIRE(again);
    CHECK(*again == *flat);
  } else {
    if (binary->bytes != *flat) UNSCOPED_INFO(text::print_module(**decode(binary->bytes)));
    CHECK(binary->bytes == *flat);
  }
  const auto folded = reread(binary->bytes, {.folded = true});
  INFO((folded ? "" : folded.error()));
  REQUIRE(folded);
  CHECK(*folded == *flat);
}

}  // namespace

TEST_CASE("Printing and reading a module of the test suite gives the same module") {
  const char* folder = std::getenv("WRUN_SPEC_TESTSUITE_DIR");
  if (folder == nullptr || !fs::is_directory(folder)) return;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".wast") continue;
    const auto script = text::parse_script(read(entry.path()));
    REQUIRE(script);
    for (const text::Command& command : script->commands) {
      const text::Module* module = std::get_if<text::Module>(&command);
      if (module == nullptr) continue;
      INFO(entry.path().string() << ":" << module->position.line);
      check_module(*module);
    }
  }
}
