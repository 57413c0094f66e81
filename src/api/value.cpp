#include "wrun/value.hpp"

#include <charconv>

#include "wasm/types.hpp"

namespace wrun {
namespace {

std::string hexadecimal(uint64_t number, size_t digits) {
  std::string text(digits, '0');
  for (size_t i = digits; i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  return text;
}

// The shortest decimal that reads back as the same number; nan:0x… for other than the canonical NaN.
template <class Float, class Bits>
std::string float_text(Float number, Bits bits, int fraction_bits) {
  if (number == number) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
    return {buffer, end};
  }
  std::string sign = bits >> (sizeof(Bits) * 8 - 1) != 0 ? "-nan" : "nan";
  const Bits fraction = bits & ((Bits{1} << fraction_bits) - 1);
  if (fraction == Bits{1} << (fraction_bits - 1)) return sign;
  return sign + ":0x" + hexadecimal(fraction, static_cast<size_t>(fraction_bits + 3) / 4);
}

std::string kind_text(ValueKind kind) {
  switch (kind) {
    case ValueKind::I32:       return "i32";
    case ValueKind::I64:       return "i64";
    case ValueKind::F32:       return "f32";
    case ValueKind::F64:       return "f64";
    case ValueKind::V128:      return "v128";
    case ValueKind::FuncRef:   return wasm::to_string(wasm::kFuncRef);
    case ValueKind::ExternRef: return wasm::to_string(wasm::kExternRef);
    case ValueKind::Ref:       break;
  }
  return "ref";
}

std::string list_text(const std::vector<ValueType>& types) {
  std::string text = "[";
  for (const ValueType& type : types) {
    if (text.size() > 1) text += ' ';
    text += type.text();
  }
  return text + "]";
}

}  // namespace

ValueType::ValueType(ValueKind kind) : kind_(kind), text_(kind_text(kind)) {}

std::string FuncType::text() const { return list_text(params) + " -> " + list_text(results); }

std::string Value::text() const {
  switch (kind_) {
    case ValueKind::I32:       return std::to_string(i32());
    case ValueKind::I64:       return std::to_string(i64());
    case ValueKind::F32:       return float_text(f32(), static_cast<uint32_t>(slots_[0]), 23);
    case ValueKind::F64:       return float_text(f64(), slots_[0], 52);
    case ValueKind::V128:      return "0x" + hexadecimal(slots_[1], 16) + hexadecimal(slots_[0], 16);
    case ValueKind::FuncRef:
    case ValueKind::ExternRef:
    case ValueKind::Ref:       break;
  }
  return is_null() ? "null" : "ref";
}

}  // namespace wrun
