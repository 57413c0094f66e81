// Appending a few elements to a vector, for which its `insert` takes long.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

namespace wrun {

template <class T>
void append(std::vector<T>& to, std::span<const std::type_identity_t<T>> elements) {
  for (const T& element : elements) to.push_back(element);
}

}  // namespace wrun
