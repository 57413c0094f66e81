// What references that cross between scripts and guests refer to.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/vm_context.hpp"
#include "wasm/types.hpp"

namespace wrun::script {

enum class Referent : uint8_t { Null, Func, Extern, Host, I31, Struct, Array, Exn };

struct Reference {
  Referent referent = Referent::Null;
  std::optional<uint32_t> number;  // the script's, of values that are the host's
};

// The host's value with a script's number: (ref.extern N) and, inside of a guest, (ref.host N).
runtime::RefSlot host_reference(uint32_t number);

// `top` is the hierarchy of the reference's type: any, func, extern or exn.
Reference inspect(wasm::HeapType top, runtime::RefSlot slot);

}  // namespace wrun::script
