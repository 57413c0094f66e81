// The assembler. asmjit's compiler and builder are not used.
#pragma once

#include <asmjit/x86.h>
