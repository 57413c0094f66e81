// The name section of the module that was asked for last.
#pragma once

#include <memory>
#include <optional>

#include "binary/names.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

class CachedNames {
 public:
  const binary::NameSection& of(const wasm::Module& module) {
    // The bytes are kept, so that nothing else can be in their place.
    if (!names_ || bytes_ != module.bytes.data()) {
      names_.emplace(module);
      bytes_ = module.bytes.data();
      owner_ = module.bytes_owner;
    }
    return *names_;
  }

 private:
  const std::byte* bytes_ = nullptr;
  std::shared_ptr<const void> owner_;
  std::optional<binary::NameSection> names_;
};

}  // namespace wrun::engine
