// Counts what a guest makes use of, by what it was given.
#pragma once

#include "wasi/call.hpp"

namespace wrun::wasi {

class UsageObserver final : public CallObserver {
 public:
  void after(const Call& call) override;
};

}  // namespace wrun::wasi
