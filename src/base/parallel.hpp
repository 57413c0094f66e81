// Data parallelism for the few places that have enough work to pay for threads.
#pragma once

#include <cstddef>
#include <functional>

namespace wrun {

// The number of processors this process may use, at least 1.
unsigned available_processors();

// Calls work(0) … work(workers - 1), each on a thread of its own but for the last, which runs on the
// calling one; returns when all are done. If the host refuses threads, the calling one does it all.
// Which worker does what is up to the callback, by an atomic counter for example.
void run_workers(unsigned workers, const std::function<void(unsigned worker)>& work);

}  // namespace wrun
