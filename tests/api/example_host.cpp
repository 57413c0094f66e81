// A program that embeds wrun, as docs/embedding.md explains it piece by piece: it uses the public
// headers and nothing else. Exits with 0 if everything went as it should.
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include "wrun/wrun.hpp"

namespace {

// (module
//   (import "host" "log" (func $log (param i32 i32)))
//   (memory (export "memory") 1)
//   (data (i32.const 16) "hello from the guest")
//   (func (export "greet") (call $log (i32.const 16) (i32.const 20)))
//   (func (export "divide") (param i32 i32) (result i32)
//     (i32.div_s (local.get 0) (local.get 1)))
//   (func (export "spin") (loop (br 0))))
constexpr unsigned char kGuest[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x0f, 0x03, 0x60, 0x02, 0x7f, 0x7f, 0x00,
    0x60, 0x00, 0x00, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f, 0x02, 0x0c, 0x01, 0x04, 0x68, 0x6f, 0x73,
    0x74, 0x03, 0x6c, 0x6f, 0x67, 0x00, 0x00, 0x03, 0x04, 0x03, 0x01, 0x02, 0x01, 0x05, 0x03, 0x01,
    0x00, 0x01, 0x07, 0x22, 0x04, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, 0x05, 0x67,
    0x72, 0x65, 0x65, 0x74, 0x00, 0x01, 0x06, 0x64, 0x69, 0x76, 0x69, 0x64, 0x65, 0x00, 0x02, 0x04,
    0x73, 0x70, 0x69, 0x6e, 0x00, 0x03, 0x0a, 0x1a, 0x03, 0x08, 0x00, 0x41, 0x10, 0x41, 0x14, 0x10,
    0x00, 0x0b, 0x07, 0x00, 0x20, 0x00, 0x20, 0x01, 0x6d, 0x0b, 0x07, 0x00, 0x03, 0x40, 0x0c, 0x00,
    0x0b, 0x0b, 0x0b, 0x1a, 0x01, 0x00, 0x41, 0x10, 0x0b, 0x14, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20,
    0x66, 0x72, 0x6f, 0x6d, 0x20, 0x74, 0x68, 0x65, 0x20, 0x67, 0x75, 0x65, 0x73, 0x74,
};

std::string heard;  // what the guest said

wrun::Result<wrun::Instance> start(const wrun::Engine& engine, const wrun::Store& store) {
  auto module = wrun::Module::from_bytes(engine, std::as_bytes(std::span(kGuest)));
  if (!module) return std::unexpected(module.error());

  wrun::Linker linker(store);
  linker.define_func(
      "host", "log",
      [](wrun::Caller& caller, uint32_t address, uint32_t size) -> wrun::Result<void> {
        const std::span<std::byte> memory = caller.memory();
        if (address > memory.size() || size > memory.size() - address)
          return wrun::fail(wrun::Error::Kind::Usage, "log: the text is not in the memory");
        heard.assign(reinterpret_cast<const char*>(memory.data()) + address, size);
        return {};
      });
  return linker.instantiate(*module, "example");
}

bool calls(const wrun::Instance& instance) {
  auto greet = instance.func("greet");
  if (!greet || !greet->call<void()>() || heard != "hello from the guest") return false;

  auto divide = instance.func("divide");
  if (!divide) return false;
  wrun::Result<int32_t> quotient = divide->call<int32_t(int32_t, int32_t)>(42, 6);
  if (!quotient || *quotient != 7) return false;

  auto typed = divide->typed<int32_t(int32_t, int32_t)>();  // checked once
  int32_t sum = 0;
  for (int32_t i = 1; typed && i <= 10; ++i) sum += (*typed)(100, i).value_or(0);
  return sum == 291;
}

bool traps(const wrun::Instance& instance) {
  auto quotient = instance.func("divide")->call<int32_t(int32_t, int32_t)>(1, 0);
  if (quotient || quotient.error().kind != wrun::Error::Kind::Trap) return false;
  const wrun::Trap& trap = *quotient.error().trap;
  std::printf("trapped: %s\n", trap.message.c_str());
  for (const wrun::Frame& frame : trap.frames)
    std::printf("  %s, function %u, offset %#x\n", frame.module.c_str(), frame.function_index,
                frame.offset);
  return trap.code == wrun::TrapCode::IntegerDivideByZero && trap.frames.size() == 1;
}

bool limits() {
  auto engine = wrun::Engine::create({.interruptible = true, .fuel = true});
  if (!engine) return false;
  wrun::Store store(*engine, {.memory_bytes = 1 << 20, .stack_bytes = 256 << 10});
  auto instance = start(*engine, store);
  if (!instance) return false;
  if (instance->memory("memory")->grow(16)) return false;  // 17 pages are more than 1 MiB

  store.set_fuel(1'000'000);
  auto spun = instance->func("spin")->call<void()>();
  if (spun || spun.error().trap->code != wrun::TrapCode::OutOfFuel) return false;

  store.set_fuel(INT64_MAX);
  wrun::Watchdog watchdog(store, std::chrono::milliseconds(50));
  spun = instance->func("spin")->call<void()>();
  return !spun && spun.error().trap->code == wrun::TrapCode::Interrupted && watchdog.expired();
}

}  // namespace

int main() {
  auto engine = wrun::Engine::create();
  if (!engine) return 1;
  wrun::Store store(*engine);
  auto instance = start(*engine, store);
  if (!instance) {
    std::fprintf(stderr, "%s\n", instance.error().message.c_str());
    return 1;
  }
  if (!calls(*instance)) return 2;
  if (!traps(*instance)) return 3;
  if (!limits()) return 4;
  std::puts("ok");
  return 0;
}
