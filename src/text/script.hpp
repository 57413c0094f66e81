// Scripts (.wast): the commands of the spec's test suite, as the reference interpreter defines them
// in interpreter/README.md, and those of the threads proposal.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/error.hpp"
#include "text/parser.hpp"
#include "wasm/types.hpp"
#include "wasm/v128.hpp"

namespace wrun::text {

// Identifiers are without their `$`, and empty where the script has none.

// (module …) in its three forms. Text is encoded while the script is parsed; if that fails, the error
// is kept here and the script goes on behind the module.
struct Module {
  enum class Form : uint8_t { Text, Binary, Quote };

  Position position;
  std::string id;
  Form form = Form::Text;
  bool is_definition = false;   // (module definition …): not instantiated
  Parsed<ModuleBinary> binary;  // Text, Binary; positions are the script's
  std::string quoted;           // Quote

  // The binary, which for Form::Quote is made now; positions are then those of `quoted`.
  Parsed<ModuleBinary> encode() const;
};

// (module instance $id $definition): the latest definition if it has no name.
struct ModuleInstance {
  Position position;
  std::string id;
  std::string definition;
};

struct Register {
  Position position;
  std::string name;
  std::string module;
};

// A constant.
struct Value {
  enum class Kind : uint8_t { I32, I64, F32, F64, V128, RefNull, RefExtern, RefHost };

  Kind kind = Kind::I32;
  wasm::V128 bits = {};  // numbers in the low bits; the number of RefExtern and RefHost
  wasm::HeapType heap = wasm::HeapType::Abstract::Any;  // RefNull
};

// (invoke $module "name" value…), (get $module "name")
struct Action {
  enum class Kind : uint8_t { Invoke, Get };

  Position position;
  Kind kind = Kind::Invoke;
  std::string module;
  std::string name;
  std::vector<Value> arguments;
};

// What a result has to be like.
struct Pattern {
  enum class Kind : uint8_t {
    I32,
    I64,
    F32,
    F64,
    V128,
    // References
    RefNull,  // with `heap`: the null of its hierarchy
    RefFunc,
    RefExtern,  // with a number: that one
    RefHost,
    RefAny,
    RefEq,
    RefI31,
    RefStruct,
    RefArray,
    RefExn,
    Either,
  };
  enum class Shape : uint8_t { I8x16, I16x8, I32x4, I64x2, F32x4, F64x2 };
  enum class Nan : uint8_t { None, Canonical, Arithmetic };  // spec 4.3.3

  Kind kind = Kind::I32;
  Shape shape = Shape::I8x16;   // V128
  std::array<Nan, 4> nan = {};  // by lane; of F32 and F64 the first
  wasm::V128 bits = {};         // meaningless in lanes that are Nan patterns
  std::optional<wasm::HeapType> heap;
  std::optional<uint32_t> number;     // RefExtern, RefHost
  std::vector<Pattern> alternatives;  // Either
};

struct AssertReturn {
  Position position;
  Action action;
  std::vector<Pattern> results;
};

// Messages are the script's; what happens must begin with them.

struct AssertTrap {
  Position position;
  std::variant<Action, Module> subject;  // of a module the instantiation
  std::string message;
};

struct AssertExhaustion {
  Position position;
  Action action;
  std::string message;
};

struct AssertException {
  Position position;
  Action action;
};

struct AssertSuspension {
  Position position;
  Action action;
  std::string message;
};

// The module must be refused for this reason.
struct AssertRefused {
  enum class Reason : uint8_t { Malformed, Invalid, Unlinkable, MalformedCustom, InvalidCustom };

  Position position;
  Reason reason = Reason::Malformed;
  Module module;
  std::string message;
};

struct Script;

// (thread $id (shared (module $m))… command…): runs the commands on a thread of its own, with the
// shared modules known to it.
struct Thread {
  Position position;
  std::string id;
  std::vector<std::string> shared_modules;
  std::vector<Script> script;  // exactly one; the vector is for the recursion
};

struct Wait {
  Position position;
  std::string thread;
};

using Command =
    std::variant<Module, ModuleInstance, Register, Action, AssertReturn, AssertTrap,
                 AssertExhaustion, AssertException, AssertSuspension, AssertRefused, Thread, Wait>;

struct Script {
  std::vector<Command> commands;
};

// A source without commands that has module fields only is one module.
Parsed<Script> parse_script(std::string_view source);

}  // namespace wrun::text
