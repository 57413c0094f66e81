// `wrun cache`: the compiled modules that are kept.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/load.hpp"
#include "cli/messages.hpp"
#include "cli/output.hpp"
#include "cli/quantities.hpp"

namespace wrun::cli {
namespace {

int usage() {
  report_error("usage: wrun cache info, prune [SIZE], clear or add FILE...");
  return kBadUsage;
}

int info(const Cache& cache, bool as_json) {
  const auto [modules, bytes] = cache.info();
  if (!as_json)
    return print(fmt::format("{}: {} modules, {} bytes of at most {}\n", cache.directory(), modules,
                             bytes, Cache::kMostBytes))
               ? kSuccess
               : kFailure;
  JsonWriter json;
  json.begin_object();
  json.member("directory", cache.directory());
  json.member("modules", modules);
  json.member("bytes", bytes);
  json.end_object();
  return print(json.take()) ? kSuccess : kFailure;
}

int add(const Cache& cache, const Options& options, std::span<const std::string> files) {
  const auto engine = engine_for_kept_code(options);
  if (!engine) return kBadUsage;
  int status = kSuccess;
  for (const std::string& file : files) {
    if (const auto added = cache.add(*engine, file); !added) {
      report_error(describe_load_error(file, added.error()));
      status = kFailure;
    }
  }
  return status;
}

}  // namespace

int cache(const Options& options) {
  const std::string& action = options.arguments[0];
  const std::span operands = std::span(options.arguments).subspan(1);
  const auto cache = Cache::open(options.cache_dir);
  if (!cache) {
    report_error(cache.error().message);
    return kFailure;
  }
  if (action == "info" && operands.empty()) return info(*cache, options.json);
  if (action == "add" && !operands.empty()) return add(*cache, options, operands);
  if (action == "clear" && operands.empty()) {
    cache->clear();
    return kSuccess;
  }
  if (action == "prune" && operands.size() <= 1) {
    const auto size = operands.empty() ? Cache::kMostBytes : parse_size(operands[0]);
    if (!size) return usage();
    cache->prune(*size);
    return kSuccess;
  }
  return usage();
}

}  // namespace wrun::cli
