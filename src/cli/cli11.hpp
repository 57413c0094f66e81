// CLI11 without <iostream>, whose static initialiser would set up the standard streams and the
// locale in every run, a tenth of a millisecond. CLI11 needs the declarations only: wrun never makes it print.
#pragma once

#include <istream>
#include <ostream>

#if defined(__GLIBCXX__) && !defined(_GLIBCXX_IOSTREAM)
#define _GLIBCXX_IOSTREAM 1
namespace std {
extern istream cin;
extern ostream cout;
extern ostream cerr;
extern ostream clog;
}  // namespace std
#endif

#include <CLI/CLI.hpp>
