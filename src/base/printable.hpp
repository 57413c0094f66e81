#pragma once

#include "wrun/printable.hpp"  // IWYU pragma: export
