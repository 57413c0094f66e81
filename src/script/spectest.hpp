// The module `spectest` of the reference interpreter, which scripts import from: a global, table
// and memory of every kind, and functions that print (here: nowhere).
#pragma once

#include "base/result.hpp"
#include "runtime/linker.hpp"
#include "wasm/features.hpp"

namespace wrun::script {

Result<void> define_spectest(runtime::Store& store, runtime::Linker& linker,
                             wasm::FeatureSet features);

}  // namespace wrun::script
