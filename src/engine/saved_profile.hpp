// Profiles in files (docs/profiles.md): what the interpreter counted in a run, for those who compile the module.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "cache/hash.hpp"
#include "wasm/module.hpp"
#include "wasm/profile.hpp"

namespace wrun::engine {

class SavedProfile final : public wasm::Profile {
 public:
  static constexpr uint32_t kFormatVersion = 1;

  // Of the module.
  SavedProfile(const wasm::Module& module, wasm::Counts counts);
  // Fails with Malformed for what save() did not write, and with Usage if that was for another module.
  static Result<SavedProfile> load(std::span<const std::byte> file, const wasm::Module& module);
  std::vector<std::byte> save() const;

  Heat heat(uint32_t function_index) const override;
  std::optional<uint32_t> likely_callee(uint32_t function_index, uint32_t offset) const override;

 private:
  SavedProfile(const cache::Hash& wasm, wasm::Counts counts);

  cache::Hash wasm_;
  wasm::Counts counts_;
  uint64_t least_hot_ = 0;  // heat that makes a function hot
};

}  // namespace wrun::engine
