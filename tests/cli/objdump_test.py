"""Machine code for people: objdump, and what perf and GDB are told."""

import os
import re
import shutil
import struct
import subprocess
import unittest

import harness
from harness import COMMAND, CliTest

SOURCE = """(module $app
  (memory 1)
  (func $add (export "add") (param i32 i32) (result i32)
    (try_table)  ;; is not built into its callers
    (i32.add (i32.load (local.get 0)) (i32.mul (local.get 1) (local.get 1))))
  (func $spin (export "spin") (param i32) (result i32) (local $sum i32)
    (loop
      (local.set $sum (i32.add (local.get $sum) (call $add (i32.const 8) (local.get 0))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum)))"""


def machine_of(path):
    """The number of the machine, which is in the header of an ELF file."""
    with open(path, "rb") as file:
        return struct.unpack_from("<H", file.read(20), 18)[0]


class CompiledCode(CliTest):
    def setUp(self):
        super().setUp()
        self.file("x.wat", SOURCE.encode())
        if self.wrun("objdump", "x.wat").returncode != 0:
            self.skipTest("there is no compiler for this machine")


class Objdump(CompiledCode):
    def objdump(self, *options):
        return self.check("objdump", "--target=x86-64-v3", *options, "x.wat").stdout.decode()

    def test_instructions_and_code(self):
        text = self.objdump()
        self.assertRegex(text, r"(?m)^function 0, add: \[i32 i32\] -> \[i32\], \d+ bytes$")
        self.assertRegex(text, r"(?m)^function 1, spin: ")
        self.assertRegex(text, r"(?m)^ ;; 0x[0-9a-f]+: i32\.load$")
        self.assertRegex(text, r"(?m)^ +[0-9a-f]+  e800000000 +call function 0$")
        self.assertRegex(text, r"(?m)^ +[0-9a-f]+  0fafc[0-9a-f] +imul ")
        self.assertRegex(text, r"(?m)^ +[0-9a-f]+  c3 +ret$")

    def test_one_function(self):
        for name in "spin", "1":
            self.assertEqual(re.findall(r"(?m)^function \d+", self.objdump("--func", name)), ["function 1"])
        self.check("objdump", "--func=nothing", "x.wat", status=2, stderr="defines no function `nothing`")

    def test_intermediate_representation(self):
        self.assertNotIn("v2:i32", self.objdump("--func", "add"))
        self.assertRegex(self.objdump("--func", "add", "--ir"), r"(?m)^ +v\d+:i32 = i32.mul v1, v1 @\d+$")

    def test_offsets_are_those_of_the_bytes(self):
        previous = 0
        for offset, code in re.findall(r"(?m)^ +([0-9a-f]+)  ([0-9a-f]{2,}) ", self.objdump("--func=spin")):
            self.assertEqual(int(offset, 16), previous)
            previous += len(code) // 2

    def test_to_file(self):
        self.check("objdump", "-o", "out.txt", "x.wat", stdout=b"")
        with open(self.path("out.txt")) as file:
            self.assertEqual(file.read(), self.objdump())

    def test_unusable_files(self):
        self.check("objdump", "absent.wasm", status=1, stderr="absent.wasm")
        self.check("objdump", status=2, stderr="usage: wrun objdump")


class Traps(CompiledCode):
    def test_a_load_within_another_instruction(self):
        places = [re.findall("0x[0-9a-f]+ - .*", self.check(
            f"--tier={tier}", "--invoke", "add", "x.wat", "80000", "3", status=134, stderr="out of bounds").stderr.decode())
            for tier in ("interp", "opt")]
        self.assertEqual(places[0], places[1])


@harness.needs_compiled_code
class Symbols(CompiledCode):
    def start(self, *options):
        """A run, its process id and what it says."""
        command = COMMAND + ["--tier=opt", *options, "--invoke", "spin", "x.wat", "3"]
        process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, said = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, said), (0, b"14\n", b""))
        return process.pid

    def test_perf_map(self):
        path = f"/tmp/perf-{self.start('--profile=perf')}.map"
        self.addCleanup(os.unlink, path)
        with open(path) as file:
            lines = [line.split() for line in file]
        self.assertEqual([name for _, _, name in lines], ["app!add", "app!spin"])
        for (start, size, _), (following, _, _) in zip(lines, lines[1:]):
            self.assertLessEqual(int(start, 16) + int(size, 16), int(following, 16))

    def test_jitdump(self):
        pid = self.start("--profile=jitdump")
        with open(self.path(f"jit-{pid}.dump"), "rb") as file:
            data = file.read()
        magic, version, at, machine, _, writer, _, _ = struct.unpack_from("<6I2Q", data)
        self.assertEqual((magic, version, at, machine, writer), (0x4a695444, 1, 40, machine_of(os.environ["WRUN"]), pid))
        names = []
        while at < len(data):
            kind, size, _, writer, _, vma, address, code_size, index = struct.unpack_from("<2IQ2I4Q", data, at)
            self.assertEqual((kind, writer, vma, index), (0, pid, address, len(names)))
            name, code = data[at + 56:at + size].split(b"\0", 1)
            self.assertEqual(len(code), code_size)
            names.append(name)
            at += size
        self.assertEqual(names, [b"app!add", b"app!spin"])

    def test_a_file_that_cannot_be_written(self):
        result = subprocess.run(
            [*COMMAND, "--tier=opt", "--profile=jitdump", "--invoke", "spin", self.path("x.wat"), "3"],
            cwd="/proc", capture_output=True, timeout=60)
        self.assertEqual((result.returncode, result.stdout), (0, b"14\n"))
        self.assertRegex(result.stderr, rb"^warning: cannot write `jit-\d+\.dump`\n$")

    def test_gdb(self):
        gdb = shutil.which("gdb")
        if gdb is None or len(COMMAND) > 1:
            self.skipTest("gdb is not installed")
        result = subprocess.run(
            [gdb, "-batch", "-nx", "-ex", "set breakpoint pending on", "-ex", "break 'app!add'", "-ex", "run",
             "-ex", "backtrace 2", "--args", *COMMAND, "--tier=opt", "--gdb", "--invoke", "spin", "x.wat", "3"],
            cwd=self.folder, capture_output=True, timeout=120)
        text = result.stdout.decode(errors="replace") + result.stderr.decode(errors="replace")
        if "ptrace" in text or "Cannot" in text:
            self.skipTest("gdb cannot run programs here")
        self.assertRegex(text, r"#0 .*in app!add")
        self.assertRegex(text, r"#1 .*in app!spin")


if __name__ == "__main__":
    harness.main()
