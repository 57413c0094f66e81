// The set of proposals that decoder and validator accept. One bit each, from features.def.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace wrun::wasm {

enum class Feature : uint8_t {
#define WRUN_FEATURE(id, name, standard, on) id,
#include "wasm/features.def"
#undef WRUN_FEATURE
};

// Versions of the standard; `Proposal` is part of none yet (or, as a legacy form, of none any more).
enum class Standard : uint8_t { Wasm1 = 1, Wasm2, Wasm3, Proposal };

struct FeatureInfo {
  Feature feature;
  std::string_view name;
  Standard standard;  // the first version with it
  bool on_by_default;
};

inline constexpr FeatureInfo kFeatures[] = {
#define WRUN_FEATURE(id, name, standard, on) {Feature::id, name, Standard::standard, on},
#include "wasm/features.def"
#undef WRUN_FEATURE
};

class FeatureSet {
 public:
  static constexpr FeatureSet defaults() {
    FeatureSet set;
    for (const FeatureInfo& info : kFeatures)
      if (info.on_by_default) set.enable(info.feature);
    return set;
  }
  // What a version of the standard has.
  static constexpr FeatureSet of(Standard standard) {
    FeatureSet set;
    for (const FeatureInfo& info : kFeatures)
      if (info.standard <= standard && info.standard != Standard::Proposal)
        set.enable(info.feature);
    return set;
  }
  static constexpr FeatureSet all() {
    FeatureSet set;
    for (const FeatureInfo& info : kFeatures) set.enable(info.feature);
    return set;
  }
  constexpr bool has(Feature feature) const { return (bits_ >> static_cast<int>(feature)) & 1; }
  constexpr void enable(Feature feature) { bits_ |= uint64_t{1} << static_cast<int>(feature); }
  constexpr void disable(Feature feature) { bits_ &= ~(uint64_t{1} << static_cast<int>(feature)); }
  constexpr uint64_t bits() const { return bits_; }
  constexpr bool operator==(const FeatureSet&) const = default;

 private:
  uint64_t bits_ = uint64_t{1} << static_cast<int>(Feature::Mvp);
};

constexpr std::optional<Feature> find_feature(std::string_view name) {
  for (const FeatureInfo& info : kFeatures)
    if (info.name == name) return info.feature;
  return std::nullopt;
}

}  // namespace wrun::wasm
