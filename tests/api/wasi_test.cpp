#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include "api/host.hpp"

namespace wrun::test {
namespace {

using wasm::kI32;
using wasm::Op;

constexpr std::string_view kWasi = "wasi_snapshot_preview1";

struct Pipe {
  Pipe() { REQUIRE(pipe(ends) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  int ends[2];
};

// Exports "_start", which writes "hi" to stdout and then exits with 3.
void add_program(ModuleBuilder& builder) {
  const uint32_t write = builder.import_function(kWasi, "fd_write",
                                                 {
                                                     {kI32, kI32, kI32, kI32},
                                                     {kI32}
  });
  const uint32_t exit = builder.import_function(kWasi, "proc_exit", {{kI32}, {}});
  const uint32_t memory = builder.memory({.limits = {.minimum = 1}});
  builder.export_memory("memory", memory);
  builder.data(memory, Code().i32(0), std::string_view("\x10\0\0\0\x02\0\0\0", 8));
  builder.data(memory, Code().i32(16), "hi");
  builder.export_function(
      "_start",
      builder.function({{}, {}}, Code().i32(1).i32(0).i32(1).i32(32)(Op::Call, write)(Op::Drop).i32(
                                     3)(Op::Call, exit)));
}

TEST_CASE("a program runs with the streams it is given, and its status comes back") {
  Host host;
  Pipe out;
  host.linker.define_wasi(must(Wasi::create({
      .arguments = {"program"},
        .stdio = {-1, out.ends[1], -1}
  })));
  ModuleBuilder builder;
  add_program(builder);
  const auto result = host.instantiate(builder).func("_start")->call<void()>();
  REQUIRE(!result);
  CHECK(result.error().kind == Error::Kind::Exit);
  CHECK(trap_of(result.error()).exit_status == 3);
  char text[8];
  REQUIRE(read(out.ends[0], text, sizeof text) == 2);
  CHECK(std::string_view(text, 2) == "hi");
}

TEST_CASE("directories that are not there are named") {
  const auto wasi = Wasi::create({.directories = {{.host = "/nowhere/at/all", .guest = "x"}}});
  REQUIRE(!wasi);
  CHECK(wasi.error().kind == Error::Kind::Io);
  CHECK(wasi.error().message.find("/nowhere/at/all") != std::string::npos);
}

TEST_CASE("a watchdog wakes a guest that waits for input") {
  Host host;
  Pipe in;
  host.linker.define_wasi(must(Wasi::create({
      .stdio = {in.ends[0], -1, -1}
  })));
  ModuleBuilder builder;
  const uint32_t read_input = builder.import_function(kWasi, "fd_read",
                                                      {
                                                          {kI32, kI32, kI32, kI32},
                                                          {kI32}
  });
  const uint32_t memory = builder.memory({.limits = {.minimum = 1}});
  builder.export_memory("memory", memory);
  builder.data(memory, Code().i32(0), std::string_view("\x10\0\0\0\x02\0\0\0", 8));
  builder.export_function(
      "_start",
      builder.function({{}, {kI32}}, Code().i32(0).i32(0).i32(1).i32(32)(Op::Call, read_input)));
  const Func start = host.instantiate(builder).func("_start").value();
  const Watchdog watchdog(host.store, std::chrono::milliseconds(20));
  const auto result = start.call<int32_t()>();
  REQUIRE(!result);
  CHECK(trap_of(result.error()).code == TrapCode::Interrupted);
}

}  // namespace
}  // namespace wrun::test
