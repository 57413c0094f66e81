// The embedding API of wrun, a WebAssembly runtime. Everything is in namespace wrun.
//
// An Engine compiles Modules; a Linker instantiates them in a Store; Instances have Funcs, Memories,
// Globals and Tables. docs/embedding.md is the guide.
#pragma once

#include "wrun/cache.hpp"         // IWYU pragma: export
#include "wrun/collection.hpp"    // IWYU pragma: export
#include "wrun/compiled.hpp"      // IWYU pragma: export
#include "wrun/engine.hpp"        // IWYU pragma: export
#include "wrun/error.hpp"         // IWYU pragma: export
#include "wrun/func.hpp"          // IWYU pragma: export
#include "wrun/instance.hpp"      // IWYU pragma: export
#include "wrun/linker.hpp"        // IWYU pragma: export
#include "wrun/listing.hpp"       // IWYU pragma: export
#include "wrun/module.hpp"        // IWYU pragma: export
#include "wrun/pool.hpp"          // IWYU pragma: export
#include "wrun/printable.hpp"     // IWYU pragma: export
#include "wrun/script.hpp"        // IWYU pragma: export
#include "wrun/snapshot.hpp"      // IWYU pragma: export
#include "wrun/store.hpp"         // IWYU pragma: export
#include "wrun/text.hpp"          // IWYU pragma: export
#include "wrun/trap.hpp"          // IWYU pragma: export
#include "wrun/value.hpp"         // IWYU pragma: export
#include "wrun/version.hpp"       // IWYU pragma: export
#include "wrun/wasi.hpp"          // IWYU pragma: export
#include "wrun/wasi_threads.hpp"  // IWYU pragma: export
#include "wrun/watchdog.hpp"      // IWYU pragma: export
