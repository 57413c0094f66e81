#include "base/leb128.hpp"

#include "base/cursor.hpp"

namespace wrun {

const char* leb128_error(const uint8_t* pos, const uint8_t* end, int bits) {
  for (int read = 0; read < bits; read += 7) {
    if (pos == end) return Cursor::kUnexpectedEnd;
    if ((*pos++ & 0x80) == 0) return "integer too large";
  }
  return "integer representation too long";
}

}  // namespace wrun
