// What there is to know of the code of functions that were put one behind the other, in tables that are read
// where they lie, in memory or in a file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "codegen/compiled_function.hpp"

namespace wrun::codegen {

inline constexpr size_t kTrapCodes = 0
#define WRUN_TRAP(id, message) +1
#include "wrun/trap_codes.def"
#undef WRUN_TRAP
    ;

// A function among others. What is its own in the other tables begins where this says, and ends where the
// next function's begins.
struct PlacedFunction {
  uint32_t offset = 0;          // of its code
  uint32_t function_index = 0;  // in the module
  uint32_t entry_loop = 0;      // ir::BuildOptions
  uint32_t instruction_bytes = 0;
  uint32_t saved_registers = 0;  // CompiledFunction
  uint32_t first_trap = 0;
  uint32_t first_call = 0;
  uint32_t first_landing = 0;
  uint32_t first_inlined_site = 0;
  uint32_t first_inlined_call = 0;
  uint32_t first_region = 0;
  uint32_t first_clause = 0;
};

// A TrapSite: in a file there are more of them than of anything else.
class PlacedTrap {
 public:
  static constexpr unsigned kOffsetBits = 26;

  PlacedTrap() = default;
  explicit PlacedTrap(const TrapSite& site)
      : bits_(site.offset | static_cast<uint32_t>(site.code) << kOffsetBits),
        wasm_offset_(site.wasm_offset) {}

  uint32_t offset() const { return bits_ & ((uint32_t{1} << kOffsetBits) - 1); }
  uint32_t wasm_offset() const { return wasm_offset_; }
  TrapCode code() const { return static_cast<TrapCode>(bits_ >> kOffsetBits); }

 private:
  uint32_t bits_ = 0;
  uint32_t wasm_offset_ = 0;
};
static_assert(kTrapCodes <= 1u << (32 - PlacedTrap::kOffsetBits));
// Functions with more code are not compiled.
inline constexpr size_t kMaxFunctionCodeBytes = size_t{1} << PlacedTrap::kOffsetBits;

// A CallSite, in two parts: few calls have a landing.
struct PlacedCall {
  uint32_t offset = 0;
  uint32_t wasm_offset = 0;
};
struct PlacedLanding {
  uint32_t offset = 0;
  uint32_t region = 0;
  uint32_t landing = 0;
};

// A trap or call that is in the body of a callee that was built in; the offset is that of its first or last byte.
struct PlacedInlinedSite {
  uint32_t offset = 0;
  uint32_t inlined_call = 0;
};

struct CodeTables {
  std::span<const PlacedFunction> functions;  // ascending by offset
  std::span<const PlacedTrap> traps;
  std::span<const PlacedCall> calls;
  std::span<const PlacedLanding> landings;
  std::span<const PlacedInlinedSite> inlined_sites;
  std::span<const wasm::InlinedCall> inlined_calls;
  std::span<const wasm::CatchTableView::Region> regions;
  std::span<const wasm::CatchTableView::Clause> clauses;

  std::span<const PlacedTrap> traps_of(const PlacedFunction& function) const {
    return part(traps, function, &PlacedFunction::first_trap);
  }
  std::span<const PlacedCall> calls_of(const PlacedFunction& function) const {
    return part(calls, function, &PlacedFunction::first_call);
  }
  std::span<const PlacedLanding> landings_of(const PlacedFunction& function) const {
    return part(landings, function, &PlacedFunction::first_landing);
  }
  std::span<const PlacedInlinedSite> inlined_sites_of(const PlacedFunction& function) const {
    return part(inlined_sites, function, &PlacedFunction::first_inlined_site);
  }
  const wasm::InlinedCall* inlined_calls_of(const PlacedFunction& function) const {
    return inlined_calls.data() + function.first_inlined_call;
  }
  wasm::CatchTableView catches_of(const PlacedFunction& function) const {
    return {regions.data() + function.first_region, clauses.data() + function.first_clause};
  }

 private:
  template <class Site>
  std::span<const Site> part(std::span<const Site> table, const PlacedFunction& function,
                             uint32_t PlacedFunction::* first) const {
    const PlacedFunction* next = &function + 1;
    const bool is_last = next == functions.data() + functions.size();
    const size_t end = is_last ? table.size() : next->*first;
    return table.subspan(function.*first, end - function.*first);
  }
};

// The tables as they are made.
struct OwnedCodeTables {
  std::vector<PlacedFunction> functions;
  std::vector<PlacedTrap> traps;
  std::vector<PlacedCall> calls;
  std::vector<PlacedLanding> landings;
  std::vector<PlacedInlinedSite> inlined_sites;
  std::vector<wasm::InlinedCall> inlined_calls;
  std::vector<wasm::CatchTableView::Region> regions;
  std::vector<wasm::CatchTableView::Clause> clauses;

  // In ascending order of offsets.
  void add(uint32_t offset, uint32_t function_index, uint32_t entry_loop,
           const CompiledFunction& function) {
    const auto count = [](const auto& table) { return static_cast<uint32_t>(table.size()); };
    functions.push_back({.offset = offset,
                         .function_index = function_index,
                         .entry_loop = entry_loop,
                         .instruction_bytes = function.instruction_bytes,
                         .saved_registers = function.saved_registers,
                         .first_trap = count(traps),
                         .first_call = count(calls),
                         .first_landing = count(landings),
                         .first_inlined_site = count(inlined_sites),
                         .first_inlined_call = count(inlined_calls),
                         .first_region = count(regions),
                         .first_clause = count(clauses)});
    const auto add_inlined_site = [&](uint32_t at, uint32_t inlined_call) {
      if (inlined_call != wasm::InlinedCall::kNone) inlined_sites.push_back({at, inlined_call});
    };
    const size_t first_site = inlined_sites.size();
    for (const TrapSite& trap : function.traps) {
      traps.emplace_back(trap);
      add_inlined_site(trap.offset, trap.inlined_call);
    }
    for (const CallSite& call : function.calls) {
      calls.push_back({call.offset, call.wasm_offset});
      if (call.landing != 0) landings.push_back({call.offset, call.region, call.landing});
      add_inlined_site(call.offset - 1, call.inlined_call);
    }
    std::ranges::sort(std::span(inlined_sites).subspan(first_site), {}, &PlacedInlinedSite::offset);
    inlined_calls.insert(inlined_calls.end(), function.inlined_calls.begin(),
                         function.inlined_calls.end());
    const auto of_regions = function.catches.regions();
    regions.insert(regions.end(), of_regions.begin(), of_regions.end());
    const auto of_clauses = function.catches.clauses();
    clauses.insert(clauses.end(), of_clauses.begin(), of_clauses.end());
  }
  CodeTables view() const {
    return {functions, traps, calls, landings, inlined_sites, inlined_calls, regions, clauses};
  }
};

}  // namespace wrun::codegen
