#include "engine/constant_encoder.hpp"

#include "binary/encoding.hpp"
#include "gc/reference.hpp"

namespace wrun::engine {
namespace {

using wasm::ValType;

// Instructions (spec 5.4): those that constants are made of.
constexpr uint8_t kEnd = 0x0b, kI32Const = 0x41, kI64Const = 0x42, kF32Const = 0x43,
                  kF64Const = 0x44, kRefNull = 0xd0, kRefFunc = 0xd2, kGcPrefix = 0xfb,
                  kVectorPrefix = 0xfd;
constexpr uint32_t kV128Const = 12, kExternConvertAny = 27, kRefI31 = 28;

std::unexpected<Error> unsupported(const char* what) {
  return fail(Error::Kind::Unsupported, what);
}

}  // namespace

void append_address(ByteWriter& out, uint64_t address, bool is_64) {
  out.write_u8(is_64 ? kI64Const : kI32Const);
  out.write_s64(is_64 ? static_cast<int64_t>(address) : static_cast<int32_t>(address));
  out.write_u8(kEnd);
}

Result<void> ConstantEncoder::append(ByteWriter& out, ValType type,
                                     std::span<const std::byte> type_bytes,
                                     const uint64_t* slots) const {
  switch (type.kind()) {
    case ValType::Kind::I32:
      out.write_u8(kI32Const);
      out.write_s64(static_cast<int32_t>(slots[0]));
      break;
    case ValType::Kind::I64:
      out.write_u8(kI64Const);
      out.write_s64(static_cast<int64_t>(slots[0]));
      break;
    case ValType::Kind::F32:
      out.write_u8(kF32Const);
      out.write_fixed(static_cast<uint32_t>(slots[0]));
      break;
    case ValType::Kind::F64:
      out.write_u8(kF64Const);
      out.write_fixed(slots[0]);
      break;
    case ValType::Kind::V128:
      out.write_u8(kVectorPrefix);
      out.write_u32(kV128Const);
      out.write_fixed(slots[0]);
      out.write_fixed(slots[1]);
      break;
    default: WRUN_CHECK_OK(append_reference(out, type, type_bytes, slots[0])); break;
  }
  out.write_u8(kEnd);
  return {};
}

Result<void> ConstantEncoder::append_reference(ByteWriter& out, ValType type,
                                               std::span<const std::byte> type_bytes,
                                               runtime::RefSlot reference) const {
  namespace encoding = binary::encoding;
  if (reference == gc::kNull) {
    out.write_u8(kRefNull);
    const auto first = static_cast<uint8_t>(type_bytes[0]);
    // A short form of a type is that of its heap type as well.
    const bool is_long = first == encoding::kRefNull || first == encoding::kRef;
    out.write(type_bytes.subspan(is_long ? 1 : 0));
    return {};
  }
  if (is_function_type(type)) {
    const auto index = function_index(reference);
    if (!index) return unsupported("holds a function of another module");
    out.write_u8(kRefFunc);
    out.write_u32(*index);
    return {};
  }
  if (gc::is_host(reference)) return unsupported("holds a reference of the host");
  if (!gc::is_i31(reference)) return unsupported("holds an object of the collected heap");
  out.write_u8(kI32Const);
  out.write_s64(gc::i31_signed(reference));
  out.write_u8(kGcPrefix);
  out.write_u32(kRefI31);
  if (type.heap() == wasm::kExternRef.heap()) {
    out.write_u8(kGcPrefix);
    out.write_u32(kExternConvertAny);
  }
  return {};
}

std::optional<uint32_t> ConstantEncoder::function_index(runtime::RefSlot reference) const {
  const auto* function = reinterpret_cast<const runtime::FuncRef*>(reference);
  if (function->vm == &instance_.vm()) return function->function_index;
  for (uint32_t i = 0; i < module_.imported_functions; ++i)
    if (&instance_.function(i) == function) return i;
  return std::nullopt;
}

bool ConstantEncoder::is_object(ValType type, uint64_t slot) const {
  return type.is_ref() && !is_function_type(type) && gc::is_object(slot);
}

bool ConstantEncoder::is_function_type(ValType type) const {
  const wasm::HeapType heap = type.heap();
  if (heap.is_concrete())
    return instance_.store().types().type(module_.canonical_types[heap.index()]).kind ==
           wasm::CanonicalType::Kind::Func;
  return heap.abstract() == wasm::HeapType::Abstract::Func ||
         heap.abstract() == wasm::HeapType::Abstract::NoFunc;
}

}  // namespace wrun::engine
