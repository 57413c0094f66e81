// Constant expressions (spec 3.4.14), evaluated while a module is instantiated.
#pragma once

#include "base/result.hpp"
#include "runtime/vm_context.hpp"
#include "wasm/module.hpp"

namespace wrun::runtime {

// The functions and globals the expression refers to must be in `vm` already. References are in the
// first slot; i32 and f32 are zero-extended. Trap: there is no room for an object.
Result<GlobalCell> evaluate_const(const wasm::Module& module, const wasm::ConstExpr& expression,
                                  VMContext& vm);

inline RefSlot to_ref(FuncRef* function) { return reinterpret_cast<RefSlot>(function); }

}  // namespace wrun::runtime
