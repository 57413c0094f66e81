#include "text/type_section.hpp"

#include "binary/encoding.hpp"

namespace wrun::text {

namespace encoding = binary::encoding;

void Signature::clear() {
  params.clear();
  results.clear();
  param_count = result_count = 0;
  named_params.clear();
}

void Signature::encode(ByteWriter& out) const {
  out.write_u8(encoding::kFunc);
  out.write_u32(param_count);
  out.write(params.bytes());
  out.write_u32(result_count);
  out.write(results.bytes());
}

std::string_view TypeSection::encode(const Signature& signature) {
  scratch_.clear();
  signature.encode(scratch_);
  return {reinterpret_cast<const char*>(scratch_.bytes().data()), scratch_.size()};
}

void TypeSection::add_function(const Signature& signature, bool is_plain) {
  const auto [entry, inserted] = functions_.try_emplace(std::string(encode(signature)));
  if (is_plain && !entry->second) entry->second = size();
  types_.push_back({&entry->first, signature.param_count});
}

uint32_t TypeSection::find_or_add(const Signature& signature) {
  const auto found = functions_.find(encode(signature));
  if (found != functions_.end() && found->second) return *found->second;
  signature.encode(bytes_);
  add_function(signature, true);
  end_group();
  return size() - 1;
}

bool TypeSection::matches(uint32_t type, const Signature& signature) {
  return types_[type].function != nullptr && *types_[type].function == encode(signature);
}

}  // namespace wrun::text
