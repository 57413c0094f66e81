// The functions by name, with their types and callbacks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/vm_context.hpp"
#include "wasi/abi.hpp"
#include "wasi/signature.hpp"
#include "wasm/types.hpp"

namespace wrun::wasi {

// What of the things that were granted a call makes use of.
enum class Use : uint8_t {
  Nothing,
  Looks,    // at the metadata of what its descriptors stand for
  Reads,    // from there
  Changes,  // something there
  Opens,    // looks or changes, by its arguments
  Arguments,
  Environment,
  Clock,
  Random,
};

struct Function {
  std::string_view name;
  Use use;
  Signature signature;
  bool has_result;
  runtime::HostCallback preview1;
  runtime::HostCallback unstable;  // null: not there

  // Their environment is a Wasi.
  runtime::HostCallback callback(Snapshot snapshot) const {
    return snapshot == Snapshot::Preview1 ? preview1 : unstable;
  }
};

// Sorted by name.
std::span<const Function> functions();

// Null if there is no such function.
const Function* find_function(Snapshot snapshot, std::string_view name);

wasm::FuncType type_of(const Function& function);

}  // namespace wrun::wasi
