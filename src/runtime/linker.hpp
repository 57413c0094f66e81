// Finds what a module imports by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/instance.hpp"
#include "runtime/store.hpp"

namespace wrun::runtime {

struct HostFunction {
  wasm::FuncType type;
  HostCallback callback = nullptr;
  void* environment = nullptr;
};

// Host functions that come into being when a module imports them, so that a big interface costs
// nothing to offer. What `find` returns may depend on the names only.
class HostFunctionSource {
 public:
  virtual ~HostFunctionSource() = default;
  virtual bool find(std::string_view module, std::string_view name, HostFunction& out) = 0;
};

class Linker {
 public:
  explicit Linker(Store& store) : store_(store) {}

  // A later definition of the same names replaces an earlier one.
  void define(std::string_view module, std::string_view name, Extern value);
  // Every export of `instance` under its own name.
  void define_instance(std::string_view module, Instance& instance);
  // Asked, in the order of their addition, for functions that nothing defines. Outlives the linker.
  void add_source(HostFunctionSource& source) { sources_.push_back(&source); }

  std::optional<Extern> find(std::string_view module, std::string_view name) const;

  // In the order of module.imports. Unlinkable: lists every import that nothing provides.
  Result<std::vector<Extern>> resolve(const wasm::Module& module);
  // resolve() and Instance::instantiate() in one.
  Result<Instance*> instantiate(std::shared_ptr<const wasm::Module> module, std::string name);

 private:
  struct StringHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <class Value>
  using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

  std::optional<Extern> find_function(std::string_view module, std::string_view name);

  Store& store_;
  StringMap<StringMap<Extern>> definitions_;  // by module, then by name
  std::vector<HostFunctionSource*> sources_;
};

}  // namespace wrun::runtime
