#include "wasm/module.hpp"

namespace wrun::wasm {

const Export* Module::find_export(std::string_view name) const {
  for (const Export& entry : exports)
    if (entry.name == name) return &entry;
  return nullptr;
}

}  // namespace wrun::wasm
