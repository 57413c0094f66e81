"""Programs with threads (wasi-threads), from the command line."""

import harness
from harness import CliTest
from wasm_builder import *

ADD, CALL_EXIT, NOTIFY, WAIT = b"\xfe\x1e\x02", 1, b"\xfe\x00\x02\x00", b"\xfe\x01\x02\x00"
ATOMIC_LOAD = b"\xfe\x10\x02\x00"
COUNT = i32(0) + i32(1) + ADD + b"\x00" + DROP + i32(0) + i32(-1) + NOTIFY + DROP
FOREVER = i32(64) + i32(0) + i64(-1) + WAIT + DROP
SPAWN = i32(7) + call(0)


def threaded(first, thread):
    """`first` runs in the first thread, `thread` in those that it spawns."""
    module = Module()
    module.import_func("wasi", "thread-spawn", (I32,), (I32,))
    module.import_func(WASI, "proc_exit", (I32,))
    module.import_shared_memory("env", "memory", 1, 4)
    module.export("memory", MEMORY, 0)
    module.func(thread, (I32, I32), export="wasi_thread_start")
    module.func(first, locals=(I32,), export="_start")
    return module.bytes()


def await_count(n):
    """Waits until the word at 0 is n."""
    return (b"\x03\x40" + i32(0) + ATOMIC_LOAD + b"\x22\x00" + i32(n) + b"\x47\x04\x40" +
            i32(0) + local_get(0) + i64(-1) + WAIT + DROP + b"\x0c\x01" + END + END)


class Threads(CliTest):
    def test_count_together(self):
        spawn = (SPAWN + DROP) * 20
        self.check("--threads", self.file("t.wasm", threaded(spawn + await_count(20), COUNT)))
        self.check("-S", "threads", "t.wasm")

    def test_end_with_the_first_one(self):
        self.check("--threads", self.file("t.wasm", threaded((SPAWN + DROP) * 5, FOREVER)))

    def test_exit_of_any_is_that_of_the_program(self):
        exits = i32(42) + call(CALL_EXIT)
        for waiting in [FOREVER, LOOP_FOREVER]:
            self.check("--threads", self.file("t.wasm", threaded(SPAWN + DROP + waiting, exits)),
                       status=42)

    def test_trap_in_any_is_that_of_the_program(self):
        self.check("--threads", self.file("t.wasm", threaded(SPAWN + DROP + FOREVER, UNREACHABLE)),
                   status=134, stderr=["unreachable", "<wasm function 2>"])

    def test_timeout_ends_all(self):
        self.check("--threads", "--timeout", "100ms",
                   self.file("t.wasm", threaded(SPAWN + DROP + FOREVER, LOOP_FOREVER)),
                   status=134, stderr="timeout of 100ms exceeded")

    def test_limit(self):
        # The status is 1 if the second thread could not be started.
        second = SPAWN + DROP + SPAWN + i32(0) + b"\x48" + call(CALL_EXIT)
        self.file("t.wasm", threaded(second, FOREVER))
        self.check("--threads", "--max-threads", "1", "t.wasm", status=1)
        self.check("--threads", "--max-threads=2", "t.wasm")
        self.check("--threads", "--max-threads", "many", "t.wasm", status=2, stderr="--max-threads")

    def test_are_off_by_default(self):
        self.check(self.file("t.wasm", threaded(b"", b"")), status=1,
                   stderr=["thread-spawn", "run with --threads"])

    def test_no_fuel(self):
        self.check("--threads", "--fuel", "1000", self.file("t.wasm", threaded(b"", b"")), status=2,
                   stderr="fuel")

    def test_programs_without_threads_run_as_ever(self):
        self.check("--threads", self.file("exit.wasm", exits_with(3)), status=3)


if __name__ == "__main__":
    harness.main()
