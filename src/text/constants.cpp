#include "text/constants.hpp"

namespace wrun::text {

namespace {

bool read_integer(TokenReader& tokens, unsigned bits, const char* what, uint64_t& out) {
  const NumberStatus status = tokens.at(TokenKind::Word)
                                  ? parse_integer(tokens.spelling(), bits, out)
                                  : NumberStatus::Malformed;
  if (status != NumberStatus::Ok) return tokens.number_error(status, what);
  tokens.advance();
  return true;
}

template <class Lane>
bool read_small_lane(TokenReader& tokens, ByteWriter& out) {
  constexpr const char* kWhat = sizeof(Lane) == 1 ? "an 8-bit lane" : "a 16-bit lane";
  uint64_t value;
  if (!read_integer(tokens, 8 * sizeof(Lane), kWhat, value)) return false;
  out.write_fixed(static_cast<Lane>(value));
  return true;
}

template <class Lane, bool (*kRead)(TokenReader&, Lane&)>
bool read_lane(TokenReader& tokens, ByteWriter& out) {
  Lane value;
  if (!kRead(tokens, value)) return false;
  out.write_fixed(value);
  return true;
}

constexpr LaneShape kShapes[] = {
    {"i8x16", 16, read_small_lane<uint8_t>},
    {"i16x8", 8, read_small_lane<uint16_t>},
    {"i32x4", 4, read_lane<uint32_t, read_i32>},
    {"i64x2", 2, read_lane<uint64_t, read_i64>},
    {"f32x4", 4, read_lane<uint32_t, read_f32>},
    {"f64x2", 2, read_lane<uint64_t, read_f64>},
};

}  // namespace

std::span<const LaneShape> lane_shapes() { return kShapes; }

bool read_i32(TokenReader& tokens, uint32_t& out) {
  uint64_t value;
  if (!read_integer(tokens, 32, "an i32", value)) return false;
  out = static_cast<uint32_t>(value);
  return true;
}

bool read_i64(TokenReader& tokens, uint64_t& out) {
  return read_integer(tokens, 64, "an i64", out);
}

bool read_f32(TokenReader& tokens, uint32_t& out) {
  const NumberStatus status =
      tokens.at(TokenKind::Word) ? parse_f32(tokens.spelling(), out) : NumberStatus::Malformed;
  if (status != NumberStatus::Ok) return tokens.number_error(status, "an f32");
  tokens.advance();
  return true;
}

bool read_f64(TokenReader& tokens, uint64_t& out) {
  const NumberStatus status =
      tokens.at(TokenKind::Word) ? parse_f64(tokens.spelling(), out) : NumberStatus::Malformed;
  if (status != NumberStatus::Ok) return tokens.number_error(status, "an f64");
  tokens.advance();
  return true;
}

bool read_v128(TokenReader& tokens, ByteWriter& out) {
  constexpr const char* kWrong = "wrong number of lane literals";
  for (const LaneShape& shape : kShapes) {
    if (!tokens.accept_word(shape.name)) continue;
    for (uint32_t i = 0; i < shape.lanes; ++i) {
      if (tokens.at(TokenKind::Open) || tokens.at(TokenKind::Close)) return tokens.fail(kWrong);
      if (!shape.read_lane(tokens, out)) return false;
    }
    const bool more = tokens.at(TokenKind::Word) && is_number(tokens.spelling());
    return !more || tokens.fail(kWrong);
  }
  return tokens.unexpected("a shape such as `i32x4`");
}

}  // namespace wrun::text
