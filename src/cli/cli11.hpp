// CLI11, without what it would do before main() in every run.
#pragma once

#include <istream>
#include <ostream>

#include <CLI/Version.hpp>

// <iostream> has a static initialiser that sets up the standard streams and the locale, a tenth of a
// millisecond. CLI11 needs its declarations only: wrun never makes it print.
#if defined(__GLIBCXX__) && !defined(_GLIBCXX_IOSTREAM)
#define _GLIBCXX_IOSTREAM 1
// NOLINTBEGIN(cert-dcl58-cpp): declarations of the standard library's own objects
namespace std {
extern istream cin;
extern ostream cout;
extern ostream cerr;
extern ostream clog;
}  // namespace std
// NOLINTEND(cert-dcl58-cpp)
#endif

// The validators that CLI11 offers are global objects. These macros turn their definitions into
// declarations of functions, which nothing calls. Other versions work too, with the objects.
#if CLI11_VERSION_MAJOR == 2 && CLI11_VERSION_MINOR <= 1
#define ExistingFile unused_existing_file()
#define ExistingDirectory unused_existing_directory()
#define ExistingPath unused_existing_path()
#define NonexistentPath unused_nonexistent_path()
#define ValidIPV4 unused_valid_ipv4()
#define Number(...) unused_number()
#define NonNegativeNumber(...) unused_non_negative_number()
#define PositiveNumber(...) unused_positive_number()
#endif
#include <CLI/CLI.hpp>
#undef ExistingFile
#undef ExistingDirectory
#undef ExistingPath
#undef NonexistentPath
#undef ValidIPV4
#undef Number
#undef NonNegativeNumber
#undef PositiveNumber
