#include "text/branch_hints.hpp"

#include <algorithm>

#include "base/cursor.hpp"

namespace wrun::text {
namespace {

bool read_function(Cursor& cursor, const wasm::Module& module, std::vector<BranchHint>& out) {
  uint32_t function;
  uint32_t count;
  if (!cursor.read_u32(function) || !cursor.read_u32(count)) return false;
  if (function < module.imported_functions || function >= module.functions.size()) return false;
  const wasm::Function& body = module.functions[function];
  for (; count != 0; --count) {
    uint32_t offset;
    uint32_t size;
    uint8_t likely;
    if (!cursor.read_u32(offset) || !cursor.read_u32(size) || !cursor.read_u8(likely)) return false;
    if (offset >= body.body_size || size != 1 || likely > 1) return false;
    out.push_back({body.body_offset + offset, likely});
  }
  return true;
}

}  // namespace

std::vector<BranchHint> read_branch_hints(const wasm::Module& module) {
  const auto section =
      std::ranges::find(module.custom_sections, kBranchHintSection, &wasm::CustomSection::name);
  if (section == module.custom_sections.end()) return {};
  std::vector<BranchHint> hints;
  Cursor cursor(section->contents, 0, section->contents.size());
  uint32_t count;
  if (!cursor.read_u32(count)) return {};
  for (; count != 0; --count)
    if (!read_function(cursor, module, hints)) return {};
  if (!std::ranges::is_sorted(hints, {}, &BranchHint::offset)) return {};
  return hints;
}

}  // namespace wrun::text
