// Writes the definitions of engine/prepared_stubs.hpp to the file that it is given.
#include <array>
#include <bit>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "codegen/stubs.hpp"

namespace {

using namespace wrun;

// Of starts, of the functions of WASI, and of what programs often export.
constexpr std::string_view kTypes[] = {
    ":",      ":i",      "i:",       "i:i",       "ii:",         "ii:i",  "iii:i",
    "iiii:i", "iiiii:i", "iiiiii:i", "iiiiiii:i", "iI:i",        "iII:i", "iIIi:i",
    "iIi:i",  "iIii:i",  "iiiIi:i",  "iiiiIIi:i", "iiiiiIIii:i",
};

wasm::ValType val_type(char letter) {
  switch (letter) {
    case 'i': return wasm::kI32;
    case 'I': return wasm::kI64;
    case 'f': return wasm::kF32;
    default:  WRUN_CHECK(letter == 'F'); return wasm::kF64;
  }
}

wasm::FuncType func_type(std::string_view text) {
  wasm::FuncType type;
  const size_t colon = text.find(':');
  for (const char letter : text.substr(0, colon)) type.params.push_back(val_type(letter));
  for (const char letter : text.substr(colon + 1)) type.results.push_back(val_type(letter));
  return type;
}

template <class Stubs>
std::string text_of(const codegen::WrittenStubs<Stubs>& written, std::string_view code) {
  std::array<uint32_t, sizeof(Stubs) / sizeof(uint32_t)> offsets =
      std::bit_cast<decltype(offsets)>(written.stubs);
  std::string text = "{std::bit_cast<codegen::";
  text += std::is_same_v<Stubs, codegen::CommonStubs> ? "CommonStubs" : "SignatureStubs";
  text += ">(std::to_array<uint32_t>({";
  for (const uint32_t offset : offsets) text += std::to_string(offset) + ", ";
  return text + "})), " + std::string(code) + "}";
}

std::string text_of(const std::vector<std::byte>& code) {
  std::string text;
  for (const std::byte byte : code) text += std::to_string(std::to_integer<unsigned>(byte)) + ",";
  return text;
}

std::string definitions() {
  std::string codes, signatures;
  const auto add_code = [&](const std::string& name, const std::vector<std::byte>& code) {
    codes += "constexpr unsigned char " + name + "[] = {" + text_of(code) + "};\n";
  };
  for (const std::string_view& type : kTypes) {
    const auto written = codegen::make_signature_stubs(func_type(type));
    const std::string name = "kCode" + std::to_string(&type - kTypes);
    add_code(name, written.code);
    signatures += "    {\"" + std::string(type) + "\", " + text_of(written, name) + "},\n";
  }
  const auto common = codegen::make_common_stubs();
  add_code("kCommonCode", common.code);
  return "#include \"engine/prepared_stubs.hpp\"\n\n#include <array>\n#include <bit>\n\n"
         "namespace wrun::engine {\nnamespace {\n\n" +
         codes + "\nconstexpr PreparedSignature kSignatures[] = {\n" + signatures +
         "};\n\n}  // namespace\n\n"
         "const PreparedStubs<codegen::CommonStubs> kPreparedCommonStubs = " +
         text_of(common, "kCommonCode") +
         ";\nconst std::span<const PreparedSignature> kPreparedSignatures = kSignatures;\n\n"
         "}  // namespace wrun::engine\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string text = definitions();
  std::FILE* file = std::fopen(argv[1], "w");
  const bool is_written = file != nullptr && std::fputs(text.c_str(), file) != EOF;
  return file != nullptr && std::fclose(file) == 0 && is_written ? 0 : 1;
}
