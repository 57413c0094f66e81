"""What the command line tells about a guest's calls: --trace=wasi, --report-capabilities, hints."""

import os
import re

import harness
from harness import CliTest
from wasm_builder import *


class Trace(CliTest):
    def lines(self, *arguments, status=0, **kwargs):
        result = self.wrun("--trace=wasi", "-q", *arguments, **kwargs)
        self.assertEqual(result.returncode, status, result.stderr)
        lines = result.stderr.decode().splitlines()
        for line in lines:
            self.assertRegex(line, r"^\w+\(.*\) = .* <\d+\.\d{6}>$")
        return [re.sub(r" <[\d.]+>$", "", line) for line in lines]

    def test_data_and_exit(self):
        self.file("write.wasm", writes(b'say "hi"\n\x01'))
        self.assertEqual(self.lines("write.wasm"),
                         [r'fd_write(1, [{"say \"hi\"\n\x01", 10}], 10) = 0', "proc_exit(0) = ?"])
        self.file("long.wasm", writes(b"x" * 100))
        self.assertEqual(self.lines("long.wasm")[0],
                         'fd_write(1, [{"' + "x" * 32 + '"..., 100}], 100) = 0')
        self.file("read.wasm", reads_stdin())
        self.assertEqual(self.lines("read.wasm", stdin=b"abc")[0], 'fd_read(0, [{"abc", 100}], 3) = 0')

    def test_paths_and_errors(self):
        os.mkdir(self.path("data"))
        self.file("open.wasm", opens(b"../up", oflags=OFLAGS_CREAT))
        self.assertEqual(self.lines("--dir", "data::/d", "open.wasm", status=63),
                         ['path_open(3</d>, 0, "../up", CREAT, FD_READ, 0, 0, 0x0) = EPERM', "proc_exit(63) = ?"])
        self.file("new.wasm", opens(b"new", oflags=OFLAGS_CREAT))
        self.assertEqual(self.lines("--dir", "data::/d", "new.wasm")[0],
                         'path_open(3</d>, 0, "new", CREAT, FD_READ, 0, 0, 4) = 0')

    def test_strings_and_clocks(self):
        self.file("args.wasm", prints_strings("args"))
        lines = self.lines("args.wasm", "one", "two")
        self.assertEqual(lines[0], "args_sizes_get(3, 18) = 0")
        self.assertEqual(lines[1], 'args_get(0x10, ["args.wasm", "one", "two"]) = 0')
        self.file("sleep.wasm", sleeps(1000))
        self.assertEqual(self.lines("sleep.wasm")[0],
                         "poll_oneoff([{CLOCK, MONOTONIC, 1000}], [{CLOCK}], 1, 1) = 0")

    def test_traps(self):
        module = program(i32(0) + i32(-8) + i32(1) + i32(0) + call(0) + DROP, [("fd_read", (I32,) * 4)])
        result = self.wrun("--trace", "wasi", self.file("bad.wasm", module.bytes()))
        self.assertEqual(result.returncode, 134)
        self.assertRegex(result.stderr.decode(),
                         r"^fd_read\(0, 0xfffffff8, 0x0\) = trap: out of bounds memory access <")

    def test_other_topics(self):
        self.check("--trace", "wasm", "x.wasm", status=2, stderr="--trace: `wasm` is not `wasi`")


class Capabilities(CliTest):
    def test_report(self):
        os.mkdir(self.path("data"))
        os.mkdir(self.path("more"))
        self.file("new.wasm", creates_and_writes(b"new", b"text", 5))
        result = self.wrun("--report-capabilities", "--dir", "data::/d", "--dir", "more", "new.wasm")
        self.assertEqual(result.returncode, 0, result.stderr)
        text = result.stderr.decode()
        self.assertRegex(text, r"(?m)^  directory data as /d +changed 2$")
        self.assertRegex(text, r"(?m)^  directory more as more +not used$")
        self.assertRegex(text, r"(?m)^  stdin +not used$")

    def test_refusals_and_advice(self):
        os.mkdir(self.path("data"))
        self.file("up.wasm", opens(b"../up"))
        result = self.wrun("-q", "--report-capabilities", "--dir", "data", "up.wasm")
        self.assertRegex(result.stderr.decode(), r"directory data as data +refused 1; ::ro would do\n")


class Hints(CliTest):
    def test_argument_outside_of_what_was_granted(self):
        os.mkdir(self.path("data"))
        os.mkdir(self.path("other"))
        self.file("other/in", b"")
        self.file("data/in", b"")
        self.file("fail.wasm", exits_with(1))
        self.check("--dir", "data", "fail.wasm", "other/in", status=1, stderr="--dir other grants it")
        self.check("--dir", "data", "fail.wasm", "data/in", status=1)
        self.check("--dir", "data", "-q", "fail.wasm", "other/in", status=1)


if __name__ == "__main__":
    harness.main()
