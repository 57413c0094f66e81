#include "engine/saved_profile.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/byte_writer.hpp"

namespace wrun::engine {
namespace {

struct Header {
  std::array<char, 8> magic = {'\0', 'w', 'r', 'u', 'n', 'p', 'g', 'o'};
  uint32_t version = SavedProfile::kFormatVersion;
  uint32_t functions = 0;
  uint32_t callees = 0;
  uint32_t reserved = 0;
  cache::Hash wasm{};
};
static_assert(sizeof(Header) == 56 && sizeof(wasm::FunctionCounts) == 16 &&
              sizeof(wasm::CalleeCounts) == 16);

// The functions that make so much of all heat together are hot.
constexpr uint64_t kHotPercent = 99;

uint64_t find_least_hot(std::span<const wasm::FunctionCounts> functions) {
  std::vector<uint64_t> heats;
  heats.reserve(functions.size());
  for (const wasm::FunctionCounts& function : functions) heats.push_back(function.heat);
  std::ranges::sort(heats, std::greater());
  double all = 0, sum = 0;
  for (const uint64_t heat : heats) all += static_cast<double>(heat);
  for (const uint64_t heat : heats) {
    sum += static_cast<double>(heat);
    if (sum * 100 >= all * kHotPercent) return heat;
  }
  return 0;
}

template <class Record>
std::vector<Record> take(std::span<const std::byte>& bytes, uint32_t count) {
  std::vector<Record> records(count);
  const size_t size = count * sizeof(Record);
  if (size != 0) std::memcpy(records.data(), bytes.data(), size);
  bytes = bytes.subspan(size);
  return records;
}

// Strictly, by what `key` says, all of which is below `end`.
template <class Record>
bool is_ascending(std::span<const Record> records, uint32_t Record::* key, uint64_t end) {
  for (size_t i = 0; i < records.size(); ++i)
    if (records[i].*key >= end || (i != 0 && records[i].*key <= records[i - 1].*key)) return false;
  return true;
}

std::unexpected<Error> malformed(const char* what) {
  return fail(Error::Kind::Malformed, std::string("the profile ") + what);
}

}  // namespace

SavedProfile::SavedProfile(const cache::Hash& wasm, wasm::Counts counts)
    : wasm_(wasm), counts_(std::move(counts)), least_hot_(find_least_hot(counts_.functions)) {}

SavedProfile::SavedProfile(const wasm::Module& module, wasm::Counts counts)
    : SavedProfile(cache::hash_of({module.code_bytes()}), std::move(counts)) {}

std::vector<std::byte> SavedProfile::save() const {
  ByteWriter writer;
  writer.write_fixed(Header{.functions = static_cast<uint32_t>(counts_.functions.size()),
                            .callees = static_cast<uint32_t>(counts_.callees.size()),
                            .wasm = wasm_});
  writer.write(std::as_bytes(std::span(counts_.functions)));
  writer.write(std::as_bytes(std::span(counts_.callees)));
  writer.write(cache::hash_of({writer.bytes()}));
  return writer.take();
}

Result<SavedProfile> SavedProfile::load(std::span<const std::byte> file,
                                        const wasm::Module& module) {
  const Header usual;
  Header header;
  if (file.size() < sizeof(header.magic) + sizeof(header.version) ||
      std::memcmp(file.data(), &usual.magic, sizeof(header.magic)) != 0)
    return malformed("is none: it does not begin like one");
  std::memcpy(&header, file.data(), std::min(file.size(), sizeof(header)));
  if (header.version != kFormatVersion)
    return malformed("is in another version of the format than this version of wrun reads");
  const uint64_t size = sizeof(Header) + uint64_t{header.functions} * sizeof(wasm::FunctionCounts) +
                        uint64_t{header.callees} * sizeof(wasm::CalleeCounts) + sizeof(cache::Hash);
  if (file.size() != size) return malformed("is cut short, or longer than it says");
  const auto contents = file.first(file.size() - sizeof(cache::Hash));
  const cache::Hash hash = cache::hash_of({contents});
  if (std::memcmp(hash.data(), file.data() + contents.size(), sizeof(hash)) != 0)
    return malformed("is damaged");

  auto rest = contents.subspan(sizeof(Header));
  wasm::Counts counts;
  counts.functions = take<wasm::FunctionCounts>(rest, header.functions);
  counts.callees = take<wasm::CalleeCounts>(rest, header.callees);
  if (header.wasm != cache::hash_of({module.code_bytes()}))
    return fail(Error::Kind::Usage, "the profile is of another module");
  if (!is_ascending<wasm::FunctionCounts>(counts.functions, &wasm::FunctionCounts::function_index,
                                          module.functions.size()) ||
      !is_ascending<wasm::CalleeCounts>(counts.callees, &wasm::CalleeCounts::offset,
                                        module.code_bytes().size()))
    return malformed("does not fit the module that it says it is of");
  return SavedProfile(header.wasm, std::move(counts));
}

wasm::Profile::Heat SavedProfile::heat(uint32_t function_index) const {
  const auto at = std::ranges::lower_bound(counts_.functions, function_index, {},
                                           &wasm::FunctionCounts::function_index);
  if (at == counts_.functions.end() || at->function_index != function_index) return Heat::Cold;
  return at->heat >= least_hot_ ? Heat::Hot : Heat::Warm;
}

std::optional<uint32_t> SavedProfile::likely_callee(uint32_t, uint32_t offset) const {
  const auto at =
      std::ranges::lower_bound(counts_.callees, offset, {}, &wasm::CalleeCounts::offset);
  if (at == counts_.callees.end() || at->offset != offset || !at->is_likely()) return std::nullopt;
  return at->callee;
}

}  // namespace wrun::engine
