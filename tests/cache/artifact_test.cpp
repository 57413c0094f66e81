// Artifacts that are what was written, and files that are not.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "cache/artifact.hpp"
#include "cache/artifact_writer.hpp"
#include "catch.hpp"

namespace {

using namespace wrun;
using namespace wrun::cache;

constexpr size_t kPage = page_bytes(Machine::X86_64);

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class TemporaryFile {
 public:
  TemporaryFile() : path_("/tmp/wrun-artifact-XXXXXX") {
    const int fd = ::mkstemp(path_.data());
    REQUIRE(fd >= 0);
    ::close(fd);
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  void write(std::span<const std::byte> bytes) const {
    const int fd = ::open(path_.c_str(), O_WRONLY | O_TRUNC);
    REQUIRE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    ::close(fd);
  }

 private:
  std::string path_;
};

// Of two functions, the second of which has a trap and calls the first.
struct Sample {
  Sample() {
    codegen::CompiledFunction first;
    first.instruction_bytes = 5;
    tables.add(0, 3, 0, first);
    codegen::CompiledFunction second;
    second.instruction_bytes = 8;
    second.saved_registers = 5;
    second.traps.push_back({.offset = 2, .wasm_offset = 40, .code = TrapCode::Unreachable});
    second.calls.push_back({.offset = 7, .wasm_offset = 44});
    second.calls.push_back({.offset = 8, .wasm_offset = 45, .region = 1, .landing = 3});
    tables.add(32, 4, 0, second);
    for (int i = 0; i < 20'000; ++i) wasm.push_back(static_cast<std::byte>(i * i >> 7));
  }
  std::vector<std::byte> write(bool embed_wasm = true, Machine machine = Machine::X86_64) const {
    return write_artifact({
        .target = {.machine = machine, .opt_level = 2},
        .code = code,
        .functions_bytes = 64,
        .tables = tables.view(),
        .stubs = stubs,
        .module = module,
        .bodies = bodies,
        .memory_offset = 8192,
        .memory = memory,
        .wasm = wasm,
        .embed_wasm = embed_wasm
    });
  }

  std::vector<std::byte> code = std::vector<std::byte>(80, std::byte{0x90});
  codegen::OwnedCodeTables tables;
  std::vector<StubEntry> stubs = {
      {5, 70}
  };
  std::vector<std::byte> module = bytes_of("what stands for a module");
  std::vector<wasm::ModuleSource::Body> bodies = {
      {10, 20},
      {30, 40}
  };
  std::vector<std::byte> memory = std::vector<std::byte>(2 * kPage, std::byte{7});
  std::vector<std::byte> wasm;
};

Result<std::shared_ptr<const Artifact>> open(const std::string& path) {
  return Artifact::open(*MappedFile::open(path, UINT64_MAX, is_artifact), nullptr);
}

// Why the file cannot be opened; empty if it can.
std::string refusal(std::span<const std::byte> file) {
  const auto opened = Artifact::from_bytes(file);
  return opened ? "" : opened.error().message;
}

template <class T>
void put(std::vector<std::byte>& file, size_t offset, T value) {
  std::memcpy(file.data() + offset, &value, sizeof(value));
}

// As somebody does who wants the file to be taken.
void sign(std::vector<std::byte>& file) {
  const Hash hash = content_hash(file);
  std::memcpy(file.data() + offsetof(Header, content), hash.data(), hash.size());
}

}  // namespace

TEST_CASE("what is mapped is on the largest pages that systems of the machine have") {
  const auto file = Sample().write(true, Machine::AArch64);
  const auto& header = *reinterpret_cast<const Header*>(file.data());
  for (const Section which : {Section::Code, Section::Memory}) {
    CHECK(header.section(which).offset % 65536 == 0);
    CHECK(header.section(which).size == 65536);
  }
  CHECK(refusal(file).empty());
  std::vector<std::byte> moved = file;
  put(moved, offsetof(Header, sections), uint64_t{4096});
  sign(moved);
  CHECK(refusal(moved) == "the file is damaged: a section is not of whole entries");
}

TEST_CASE("an artifact holds what was written") {
  const Sample sample;
  const TemporaryFile file;
  file.write(sample.write());
  const auto opened = open(file.path());
  REQUIRE(opened);
  const Artifact& artifact = **opened;
  const CodeImage& code = *artifact.code();
  CHECK(code.code_bytes == kPage);
  CHECK(code.file_offset % kPage == 0);
  CHECK(code.functions_bytes == 64);
  REQUIRE(code.tables.functions.size() == 2);
  CHECK(code.memory.bytes == 2 * kPage);
  CHECK(code.memory.file_offset % kPage == 0);
  CHECK(code.memory.memory_offset == 8192);
  const codegen::PlacedFunction& second = code.tables.functions[1];
  CHECK(second.function_index == 4);
  CHECK(second.saved_registers == 5);
  CHECK(code.tables.traps_of(code.tables.functions[0]).empty());
  REQUIRE(code.tables.traps_of(second).size() == 1);
  CHECK(code.tables.traps_of(second)[0].offset() == 2);
  CHECK(code.tables.traps_of(second)[0].wasm_offset() == 40);
  CHECK(code.tables.traps_of(second)[0].code() == TrapCode::Unreachable);
  REQUIRE(code.tables.calls_of(second).size() == 2);
  CHECK(code.tables.calls_of(second)[0].wasm_offset == 44);
  REQUIRE(code.tables.landings_of(second).size() == 1);
  CHECK(code.tables.landings_of(second)[0].offset == 8);
  CHECK(code.tables.landings_of(second)[0].landing == 3);
  REQUIRE(code.stubs.size() == 1);
  CHECK(code.stubs[0].by_reference == 70);
  REQUIRE(artifact.bodies().size() == 2);
  CHECK(artifact.bodies()[1].size == 40);
  const auto module = artifact.section(Section::Module);
  CHECK(std::ranges::equal(module, sample.module));
  CHECK(std::ranges::equal(artifact.bytes(), sample.wasm));
  CHECK(artifact.size() == sample.wasm.size());
  CHECK(artifact.header().wasm == hash_of({sample.wasm}));
}

TEST_CASE("an artifact may leave the module out") {
  const TemporaryFile file;
  file.write(Sample().write(false));
  const auto opened = open(file.path());
  REQUIRE(opened);
  CHECK_FALSE((*opened)->has_wasm());
  CHECK((*opened)->bytes().empty());
}

TEST_CASE("artifacts are the same every time") { CHECK(Sample().write() == Sample().write()); }

TEST_CASE("files that are damaged anywhere are refused") {
  const std::vector<std::byte> whole = Sample().write();
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same every time
  for (int i = 0; i < 9'000; ++i) {
    std::vector<std::byte> damaged = whole;
    // The header is as often hit as all the rest.
    const size_t at = random() % (i % 2 == 0 ? whole.size() : sizeof(Header));
    damaged[at] ^= static_cast<std::byte>(1 + random() % 255);
    if (refusal(damaged).empty()) FAIL("taken with byte " << at << " changed");
  }
  for (int i = 0; i < 1'000; ++i) {
    const size_t size = random() % whole.size();
    if (refusal(std::span(whole).first(size)).empty()) FAIL("taken with " << size << " bytes");
  }
  CHECK(refusal(whole).empty());
}

TEST_CASE("what does not fit together is refused even if its hash is right") {
  const std::vector<std::byte> whole = Sample().write();
  const auto refusal_with = [&](size_t offset, auto value) {
    std::vector<std::byte> changed = whole;
    put(changed, offset, value);
    sign(changed);
    return refusal(changed);
  };
  const auto extent = [](Section which) {
    return offsetof(Header, sections) + static_cast<size_t>(which) * sizeof(Extent);
  };
  CHECK(refusal_with(0, 'x') == "this is no compiled module");
  CHECK(refusal_with(offsetof(Header, version), uint32_t{99}) ==
        "the file has version 99 of the format of compiled modules; this wrun reads version 1");
  CHECK(refusal_with(offsetof(Header, file_bytes), uint64_t{1}) ==
        "the file is damaged: it is too long");
  CHECK(refusal_with(offsetof(Header, functions_bytes), uint32_t{1 << 20}) ==
        "the file is damaged: there is less code than it says");
  for (const Section which : {Section::Code, Section::Functions, Section::Wasm}) {
    CHECK(refusal_with(extent(which), uint64_t{1} << 40) ==
          "the file is damaged: a section lies beyond its end");
    CHECK(refusal_with(extent(which) + 8, UINT64_MAX - 4096 + 1) ==
          "the file is damaged: a section lies beyond its end");
  }
  CHECK(refusal_with(extent(Section::Traps) + 8, uint64_t{7}) ==
        "the file is damaged: a section is not of whole entries");
  const size_t functions =
      reinterpret_cast<const Header*>(whole.data())->section(Section::Functions).offset;
  const size_t second = functions + sizeof(codegen::PlacedFunction);
  CHECK(refusal_with(second + offsetof(codegen::PlacedFunction, first_trap), uint32_t{7}) ==
        "the file is damaged: a function lies where it cannot");
  CHECK(refusal_with(second + offsetof(codegen::PlacedFunction, offset), uint32_t{1000}) ==
        "the file is damaged: a function lies where it cannot");
  CHECK(refusal_with(functions + offsetof(codegen::PlacedFunction, first_call), uint32_t{1}) ==
        "the file is damaged: a function lies where it cannot");
  CHECK(refusal_with(second + offsetof(codegen::PlacedFunction, function_index), uint32_t{3}) ==
        "the file is damaged: a function lies where it cannot");
}

TEST_CASE("what is no file of this kind is refused") {
  CHECK(refusal({}) == "the file is damaged: it is no regular file with a whole header");
  CHECK(open("/dev/null").error().message ==
        "the file is damaged: it is no regular file with a whole header");
  CHECK_FALSE(is_artifact(bytes_of("\0asm")));
  CHECK(is_artifact(Sample().write()));
}
