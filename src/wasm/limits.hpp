// Implementation limits, in one place. None is below what the JavaScript API of WebAssembly
// requires of every engine; a module beyond one is refused with Error::Kind::Unsupported.
#pragma once

#include <cstdint>

namespace wrun::wasm {

inline constexpr uint64_t kMaxModuleBytes = uint64_t{1} << 32;  // offsets are 32-bit
inline constexpr uint32_t kMaxTypes = 1'000'000;
inline constexpr uint32_t kMaxRecGroupSize = 1'000'000;
inline constexpr uint32_t kMaxSubtypingDepth = 63;
inline constexpr uint32_t kMaxFunctions = 1'000'000;
inline constexpr uint32_t kMaxImports = 1'000'000;
inline constexpr uint32_t kMaxExports = 1'000'000;
inline constexpr uint32_t kMaxGlobals = 1'000'000;
inline constexpr uint32_t kMaxTags = 1'000'000;
inline constexpr uint32_t kMaxDataSegments = 100'000;
inline constexpr uint32_t kMaxElementSegments = 10'000'000;
inline constexpr uint32_t kMaxTables = 100'000;
inline constexpr uint32_t kMaxMemories = 100;
inline constexpr uint64_t kMaxTableElements = 10'000'000;  // run time, per table
inline constexpr uint64_t kMaxMemory32Pages = 65'536;
inline constexpr uint64_t kMaxMemory64Pages = uint64_t{1} << 48;  // by the spec
inline constexpr uint64_t kMaxMemory64Bytes = uint64_t{1} << 36;  // run time, per memory: 64 GiB
inline constexpr uint32_t kMaxFunctionBytes = 7'654'321;
inline constexpr uint32_t kMaxLocals = 50'000;
inline constexpr uint32_t kMaxParams = 1'000;
inline constexpr uint32_t kMaxResults = 1'000;
inline constexpr uint32_t kMaxStructFields = 10'000;
inline constexpr uint32_t kMaxArrayNewFixed = 10'000;
inline constexpr uint32_t kMaxBrTableTargets = 7'654'321;
inline constexpr uint32_t kMaxOperands = 1 << 20;  // on the stack of a function
inline constexpr uint32_t kMaxNestingDepth = 1'000'000;
inline constexpr uint32_t kMaxNameBytes = 100'000;

}  // namespace wrun::wasm
