// The artifact's format, version 1: a header, then sections where the header says. All numbers are
// little-endian, all structures have no padding that is not named. docs/artifact.md describes it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cache/hash.hpp"

namespace wrun::cache {

inline constexpr std::array<char, 8> kMagic = {'\0', 'w', 'r', 'u', 'n', 'a', 'o', 't'};
inline constexpr uint32_t kFormatVersion = 1;

enum class Section : uint8_t {
  Code,       // whole pages of machine code, from the beginning of a page on
  Functions,  // codegen::PlacedFunction
  Traps,      // codegen::PlacedTrap
  Calls,      // codegen::PlacedCall
  Landings,   // codegen::PlacedLanding
  Inlined,    // codegen::PlacedInlinedSite
  Callees,    // wasm::InlinedCall
  Regions,    // wasm::CatchTableView::Region
  Clauses,    // wasm::CatchTableView::Clause
  Stubs,      // StubEntry
  Module,     // the WebAssembly module without its code and custom sections
  Bodies,     // wasm::ModuleSource::Body: where the code is in the whole module
  Memory,     // pages of memory 0; without its active segments, then, the module
  Wasm,       // the whole module, compressed with zstd; may be empty
};
inline constexpr size_t kSections = 14;
inline constexpr const char* kSectionNames[kSections] = {
    "code",    "functions", "traps", "calls",  "landings", "inlined", "callees",
    "regions", "clauses",   "stubs", "module", "bodies",   "memory",  "wasm"};

struct Extent {
  uint64_t offset = 0;
  uint64_t size = 0;
};

enum class Machine : uint32_t { X86_64 = 1, AArch64 = 2 };
// The largest pages that its systems have: parts of the file that are mapped are whole ones.
constexpr size_t page_bytes(Machine machine) { return machine == Machine::AArch64 ? 65536 : 4096; }
constexpr uint64_t round_up_to_page(uint64_t bytes, size_t page_bytes) {
  return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

// What code was made for; it runs only where all of it is so.
struct Target {
  Hash engine{};  // what made it: of the sources of all that code relies on
  Machine machine = Machine::X86_64;
  uint32_t cpu = 0;       // CpuFeature bits that the code needs
  uint64_t features = 0;  // that the module was validated with: wasm::FeatureSet
  uint8_t guarded_memory0 = 0;
  uint8_t interruptible = 0;
  uint8_t fuel = 0;
  uint8_t canonical_nans = 0;
  uint8_t opt_level = 0;
  uint8_t with_profile = 0;
  uint8_t reserved[10] = {};
};

namespace cpu {
inline constexpr uint32_t kAvx2 = 1, kBmi = 2, kBmi2 = 4, kLzcnt = 8, kPopcnt = 16;
}

struct Header {
  std::array<char, 8> magic = kMagic;
  uint32_t version = kFormatVersion;
  uint32_t functions_bytes = 0;  // of the code section; stubs follow
  Hash content{};                // of the whole file without this field
  Hash wasm{};                   // of the whole module
  Target target;
  uint64_t file_bytes = 0;
  uint64_t wasm_bytes = 0;     // of the whole module
  uint64_t memory_offset = 0;  // where its pages go
  std::array<Extent, kSections> sections{};

  const Extent& section(Section which) const { return sections[static_cast<size_t>(which)]; }
};
static_assert(sizeof(Target) == 64);
static_assert(offsetof(Header, content) == 16 && offsetof(Header, wasm) == 48 &&
              offsetof(Header, target) == 80 && offsetof(Header, sections) == 168 &&
              sizeof(Header) == 392);

// Header::content of a file.
Hash content_hash(std::span<const std::byte> file);

}  // namespace wrun::cache
