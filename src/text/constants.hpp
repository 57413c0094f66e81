// Constants (spec 6.4.1, 6.4.2, 6.5.10), of instructions and of scripts, as bits.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/byte_writer.hpp"
#include "text/token_reader.hpp"

namespace wrun::text {

bool read_i32(TokenReader& tokens, uint32_t& out);
bool read_i64(TokenReader& tokens, uint64_t& out);
bool read_f32(TokenReader& tokens, uint32_t& out);
bool read_f64(TokenReader& tokens, uint64_t& out);
// A shape and its lanes; writes 16 bytes.
bool read_v128(TokenReader& tokens, ByteWriter& out);

// In the order i8x16, i16x8, i32x4, i64x2, f32x4, f64x2.
struct LaneShape {
  std::string_view name;
  uint32_t lanes;
  bool (*read_lane)(TokenReader&, ByteWriter&);
};
std::span<const LaneShape> lane_shapes();

}  // namespace wrun::text
