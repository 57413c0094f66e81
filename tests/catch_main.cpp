// The main function of the test executables: Catch2 3 brings its own in a library, Catch2 2 in its
// header. Neither gets to handle signals: their handlers would go over the one that turns faults in
// guarded memories into traps.
#if __has_include(<catch2/catch_all.hpp>)

#include <catch2/internal/catch_fatal_condition_handler.hpp>

// Defined here, these keep the linker from taking them from the library.
namespace Catch {
void FatalConditionHandler::engage_platform() {}
void FatalConditionHandler::disengage_platform() noexcept {}
FatalConditionHandler::FatalConditionHandler() = default;
FatalConditionHandler::~FatalConditionHandler() = default;
}  // namespace Catch

#else

#define CATCH_CONFIG_MAIN
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#include <catch2/catch.hpp>

#endif
