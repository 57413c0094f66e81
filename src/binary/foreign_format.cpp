#include "binary/foreign_format.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace wrun::binary {

namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view start;
  const char* what;
};

constexpr Signature kSignatures[] = {
    {        "\x7f"
        "ELF"sv,      "an ELF file for a native machine"     },
    {              "MZ"sv,                     "a Windows program"},
    {"\xcf\xfa\xed\xfe"sv,    "a Mach-O file for a native machine"},
    {"\xca\xfe\xba\xbe"sv, "a Java class or universal Mach-O file"},
    {      "BC\xc0\xde"sv,                          "LLVM bitcode"},
    {         "!<arch>"sv,            "an archive of object files"},
    {        "\x1f\x8b"sv,                       "gzip-compressed"},
    {"\x28\xb5\x2f\xfd"sv,                       "zstd-compressed"},
    {             "BZh"sv,                      "bzip2-compressed"},
    {       "\xfd"
       "7zXZ"sv,                         "xz-compressed"     },
    {      "PK\x03\x04"sv,                         "a zip archive"},
    {              "#!"sv,                              "a script"},
    {    "\xef\xbb\xbf"sv,                           "a text file"},
    {               "<"sv,                   "an HTML or XML file"},
    {       "\0wrunaot"sv,  "compiled code made by `wrun compile`"},
};

// The text formats start with a parenthesis, after blanks and comments.
bool looks_like_text_format(std::string_view file) {
  while (!file.empty()) {
    if (" \t\r\n"sv.find(file.front()) != std::string_view::npos) {
      file.remove_prefix(1);
    } else if (file.starts_with(";;")) {
      file.remove_prefix(std::min(file.find('\n'), file.size()));
    } else {
      return file.front() == '(';
    }
  }
  return false;
}

std::string describe(std::string_view file) {
  for (const Signature& signature : kSignatures)
    if (file.starts_with(signature.start)) return std::string("the file is ") + signature.what;
  if (looks_like_text_format(file.substr(0, 4096)))
    return "the file looks like the WebAssembly text format";
  return "the file is not a WebAssembly module";
}

Error malformed(uint64_t offset, std::string message) {
  return Error{Error::Kind::Malformed, std::move(message), offset, {}};
}

}  // namespace

std::optional<Error> check_header(std::span<const std::byte> bytes) {
  constexpr std::string_view kMagic = "\0asm"sv;
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (file.empty()) return malformed(0, "unexpected end: the file is empty");
  if (file.size() < kMagic.size())
    return malformed(0, kMagic.starts_with(file) ? "unexpected end: the file stops in its header"
                                                 : "unexpected end: " + describe(file));
  if (!file.starts_with(kMagic))
    return malformed(0, "magic header not detected: " + describe(file));

  if (file.size() < 8) return malformed(4, "unexpected end: the file stops in its header");
  // Two little-endian halves: version and layer.
  uint16_t version;
  uint16_t layer;
  std::memcpy(&version, file.data() + 4, sizeof version);
  std::memcpy(&layer, file.data() + 6, sizeof layer);
  if (version == 1 && layer == 0) return std::nullopt;
  if (layer == 1)
    return malformed(4, "unknown binary version: this is a component, not a core module");
  return malformed(4, "unknown binary version " + std::to_string(version | layer << 16));
}

}  // namespace wrun::binary
