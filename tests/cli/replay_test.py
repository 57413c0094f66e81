"""Runs that are the same every time: --record and `wrun replay`, --deterministic, --clock."""

import os
import re
import signal
import subprocess
import time

import harness
from harness import COMMAND, CliTest
from wasm_builder import *

PRINT_RANDOM_AND_TIME = [("random_get", (I32, I32)), ("clock_time_get", (I32, I64, I32)),
                         ("fd_write", (I32,) * 4)]


def prints_random_and_time():
    """Writes 16 random bytes and then the date and the monotonic time to stdout, as they are in memory."""
    return program(
        i32(64) + i32(16) + call(0) + DROP + i32(0) + i64(1) + i32(80) + call(1) + DROP +
        i32(1) + i64(1) + i32(88) + call(1) + DROP +
        i32(8) + i32(64) + b"\x36\x02\x00" + i32(12) + i32(32) + b"\x36\x02\x00" +
        i32(1) + i32(8) + i32(1) + i32(0) + call(2) + DROP, PRINT_RANDOM_AND_TIME).bytes()


def echoes():
    """Writes to stdout what it reads from stdin, until the end."""
    one_iovec = lambda length: i32(8) + i32(64) + b"\x36\x02\x00" + i32(12) + length + b"\x36\x02\x00"
    loop = (b"\x03\x40" + one_iovec(i32(4096)) + i32(0) + i32(8) + i32(1) + i32(4) + call(0) + DROP +
            i32(4) + i32_load() + b"\x04\x40" + one_iovec(i32(4) + i32_load()) +
            i32(1) + i32(8) + i32(1) + i32(0) + call(1) + DROP + b"\x0c\x01" + END + END)
    return program(loop, [("fd_read", (I32,) * 4), ("fd_write", (I32,) * 4)]).bytes()


class Replay(CliTest):
    def record(self, *arguments, status=0, **kwargs):
        result = self.wrun("--record", "trace", *arguments, **kwargs)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout

    def test_random_and_time_are_what_they_were(self):
        first = self.record(self.file("random.wasm", prints_random_and_time()))
        self.assertEqual(len(first), 32)
        os.remove(self.path("random.wasm"))
        for _ in range(2):
            self.check("replay", "trace", stdout=first)

    def test_input_is_what_it_was(self):
        self.file("echo.wasm", echoes())
        data = os.urandom(3000) * 100
        self.assertEqual(self.record("echo.wasm", stdin=data), data)
        self.check("replay", "trace", stdout=data, stdin=b"something else")

    def test_status_and_arguments(self):
        self.record(self.file("exit.wasm", exits_with(7)), status=7)
        self.check("replay", "trace", status=7)
        self.record("--env", "A=1", self.file("env.wasm", prints_strings("environ")))
        self.check("replay", "trace", stdout=b"A=1\0")
        self.record(self.file("args.wasm", prints_strings("args")), "x", "--y")
        self.check("replay", "trace", stdout=b"args.wasm\0x\0--y\0")

    def test_traps_and_limits(self):
        self.record("--fuel", "1000", self.file("loop.wasm", loops()), status=134)
        self.check("replay", "trace", status=134, stderr="fuel of 1000 used up")

    def test_nothing_of_the_host_is_touched(self):
        os.mkdir(self.path("data"))
        self.record("--dir", "data", self.file("new.wasm", creates_and_writes(b"new", b"text", 4)))
        os.remove(self.path("data/new"))
        os.rmdir(self.path("data"))
        self.check("replay", "trace")
        self.assertFalse(os.path.exists(self.path("data")))

    def test_trace_of_a_replay(self):
        self.record(self.file("write.wasm", writes(b"hello")))
        result = self.check("replay", "--trace=wasi", "trace", stdout=b"hello", stderr="fd_write(1, ")
        self.assertIn('fd_write(1, [{"hello", 5}], 5) = 0', result.stderr.decode())

    def zstd(self, option, contents):
        return subprocess.run(["zstd", option], input=contents, check=True, stdout=subprocess.PIPE).stdout

    def diverges(self, other, *texts):
        """The recording, with another module of the same size in it."""
        with open(self.path("trace"), "rb") as file:
            recording = file.read()
        magic, contents = recording[:8], self.zstd("-dc", recording[8:])
        self.assertEqual(contents.count(self.recorded), 1)
        self.assertEqual(len(other), len(self.recorded))
        self.file("changed", magic + self.zstd("-c", contents.replace(self.recorded, other)))
        self.check("replay", "changed", status=1, stderr=texts)

    def test_divergence(self):
        self.recorded = writes(b"hello")
        self.record(self.file("m.wasm", self.recorded))
        self.diverges(writes(b"HELLO"), "diverges at call 1", "fd_write(1", "other data than recorded")
        self.diverges(writes(b"hello", fd=2), "recorded is fd_write(1, ", "but the guest does fd_write(2, ")
        self.recorded = exits_with(1)
        self.record("m.wasm")
        self.recorded = exits_with(5)
        self.record(self.file("m.wasm", self.recorded), status=5)
        self.diverges(exits_with(6), "recorded is proc_exit(5...)", "proc_exit(6...)")
        self.diverges(self.recorded.replace(call(0), b"\x01" + DROP), "the guest ends after 0 calls")

    def test_damage(self):
        self.check("replay", "nowhere", status=1, stderr="cannot open recording 'nowhere'")
        self.check("replay", self.file("x", b"text"), status=1, stderr="'x' is not a recording of a run")
        self.record(self.file("echo.wasm", echoes()), stdin=b"x" * 100)
        with open(self.path("trace"), "rb") as file:
            recording = file.read()
        for size in range(8, len(recording), 7):
            result = self.wrun("replay", self.file("cut", recording[:size]))
            self.assertEqual(result.returncode, 1, size)
            changed = bytearray(recording)
            changed[size] ^= 0x55
            self.assertIn(self.wrun("replay", self.file("bad", changed)).returncode, (0, 1, 134))

    def test_what_cannot_be_recorded(self):
        self.file("exit.wasm", exits_with(0))
        self.check("--record", "no/where", "exit.wasm", status=1, stderr="cannot create recording")
        self.check("--record", "trace", "--threads", "exit.wasm", status=2, stderr="recorded nor replayed")
        self.check("--record", "/dev/full", "exit.wasm", status=1, stderr="No space left on device")


class Deterministic(CliTest):
    def setUp(self):
        super().setUp()
        self.file("random.wasm", prints_random_and_time())

    def test_same_every_time(self):
        runs = {option: {self.check(option, "random.wasm").stdout for _ in range(2)}
                for option in ("--deterministic", "--deterministic=0", "--deterministic=7")}
        for outputs in runs.values():
            self.assertEqual(len(outputs), 1)
        self.assertEqual(runs["--deterministic"], runs["--deterministic=0"])
        self.assertNotEqual(runs["--deterministic"], runs["--deterministic=7"])
        date = int.from_bytes(runs["--deterministic"].pop()[16:24], "little")
        self.assertEqual(date, 946684800 * 10**9 + 1000)
        self.check("--deterministic=x", "random.wasm", status=2, stderr="is not a number below 2^64")

    def test_sleeping_takes_no_time(self):
        started = time.monotonic()
        self.check("--deterministic", self.file("sleep.wasm", sleeps(3600 * 10**9)))
        self.assertLess(time.monotonic() - started, 60)

    def test_nans(self):
        zero = b"\x43\x00\x00\x00\x00"
        quiet = b"\x43\x34\x12\xe0\xff"  # negative, with a payload
        m = Module()
        m.func(zero + zero + b"\x95\xbc", results=(I32,), export="divide")
        m.func(quiet + zero + b"\x92\xbc", results=(I32,), export="add")
        self.file("nan.wasm", m.bytes())
        for name in ("divide", "add"):
            self.check("--deterministic", "--invoke", name, "nan.wasm", stdout=b"%d\n" % 0x7fc00000)

    def date(self, *options):
        return int.from_bytes(self.check(*options, "random.wasm").stdout[16:24], "little") / 1e9

    def test_clock(self):
        self.assertEqual(self.date("--clock", "@1700000000"), 1.7e9)
        self.assertAlmostEqual(self.date("--clock=+36h"), time.time() + 36 * 3600, delta=100)
        self.assertAlmostEqual(self.date("--clock=-1m"), time.time() - 60, delta=30)
        self.assertEqual(self.date("--deterministic", "--clock", "@5"), 5.000001)
        for value in ("", "now", "@", "@-1", "@99999999999999999999", "+", "+x"):
            self.check("--clock=" + value, "random.wasm", status=2, stderr="is not a date such as @17")


if __name__ == "__main__":
    harness.main()
