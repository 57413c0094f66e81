// Which code of ours compiled code was made by and relies on: differs whenever the sources do of any room from
// wasm to engine.
#pragma once

#include "cache/hash.hpp"

namespace wrun::engine {

cache::Hash engine_id();

}  // namespace wrun::engine
