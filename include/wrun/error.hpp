// Errors are values: what can fail returns Result<T>, and nothing in wrun throws.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace wrun {

struct Trap;

struct Error {
  enum class Kind : uint8_t {
    Malformed,    // the bytes do not form a module (spec chapter 5)
    Invalid,      // a well-formed module breaks a validation rule (spec chapter 3)
    Unsupported,  // valid, but beyond an implementation limit or a disabled feature
    Unlinkable,   // imports do not match what is provided (spec 4.7.2)
    Trap,         // guest code trapped (spec 4.6), while running or while being instantiated
    Exit,         // the guest ended itself, as by WASI's proc_exit
    Io,           // the host refused a file or a resource
    Usage,        // the caller asked for something that makes no sense
  };

  Kind kind = Kind::Io;
  std::string message;               // one sentence, no final full stop or newline
  std::optional<uint64_t> offset;    // byte offset in the module
  std::optional<uint32_t> function;  // function index in the module
  // Kind::Trap and Kind::Exit: the details. Otherwise null.
  std::shared_ptr<const Trap> trap = nullptr;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Error::Kind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message), {}, {}});
}

}  // namespace wrun
