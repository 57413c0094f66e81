// Numbers with units as people write them on a command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wrun::cli {

// Decimal digits only.
std::optional<uint64_t> parse_count(std::string_view text);
// Bytes: "4096", "64K", "64KiB", "1.5GiB". K, M and G are powers of 1024, KB, MB and GB of 1000.
std::optional<uint64_t> parse_size(std::string_view text);
// "200ms", "1.5s", "2m", "1h", "500us", "100ns"; a number alone is seconds.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace wrun::cli
