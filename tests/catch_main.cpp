// The main function of the test executables: Catch2 3 brings its own in a library, Catch2 2 in its header.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_MAIN
// Catch2 would put its own handlers over the one that turns faults in guarded memories into traps.
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#include <catch2/catch.hpp>
#endif
