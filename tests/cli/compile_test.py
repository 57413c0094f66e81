#!/usr/bin/env python3
"""`wrun compile`, and running, describing and refusing what it writes."""

import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import time
import unittest

import harness


@harness.needs_compiled_code
class CompileTest(harness.CliTest):
    def setUp(self):
        super().setUp()
        self.file("add.wat", b"""(module
            (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
            (func $trap (export "trap") (drop (i32.div_u (i32.const 1) (i32.const 0)))))""")
        self.check("wat2wasm", "add.wat", "-o", "add.wasm")

    def test_runs(self):
        self.check("compile", "add.wasm")
        self.check("--invoke", "add", "add.cwasm", "40", "2", stdout=b"42\n")
        self.check("compile", "add.wat", "-o", "-", stdout=self.contents("add.cwasm"))

    def contents(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_is_the_same_every_time(self):
        self.check("compile", "add.wasm")
        first = self.contents("add.cwasm")
        self.check("compile", "add.wasm")
        self.assertEqual(self.contents("add.cwasm"), first)

    def test_traps_have_backtraces(self):
        self.check("compile", "add.wasm")
        self.check("--invoke", "trap", "add.cwasm", status=134, stderr=["integer divide by zero", "add!trap"])

    def test_backtraces_know_what_was_built_in(self):
        self.file("in.wat", b"""(module
            (func $small (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
            (func $middle (param i32) (result i32) (i32.add (call $small (local.get 0)) (i32.const 1)))
            (func $outer (export "f") (param i32) (result i32) (i32.mul (call $middle (local.get 0)) (i32.const 3))))""")
        self.check("wat2wasm", "in.wat", "-o", "in.wasm")
        self.check("compile", "in.wasm")
        parts = {part["name"]: part for part in json.loads(self.check("info", "--json", "in.cwasm").stdout)["parts"]}
        self.assertGreater(parts["callees"]["size"], 0)
        self.check("--invoke", "f", "in.cwasm", "1", stdout=b"6\n")
        direct = self.wrun("--tier", "opt", "--invoke", "f", "in.wasm", "0").stderr
        compiled = self.wrun("--invoke", "f", "in.cwasm", "0").stderr
        self.assertEqual(compiled, direct)
        for name in (b"small", b"middle", b"outer"):
            self.assertIn(name, compiled)

    def test_other_things_to_emit(self):
        self.check("compile", "--emit=elf", "add.wasm")
        header = self.contents("add.o")[:20]
        self.assertEqual(header[:6], b"\x7fELF\x02\x01")
        self.assertEqual(struct.unpack("<H", header[16:18])[0], 1)  # relocatable
        for target, machine in [("x86-64-v3", 62), ("aarch64", 183)]:
            made = self.check("compile", "--emit=elf", "--target", target, "add.wasm", "-o", "-").stdout
            self.assertEqual(struct.unpack("<H", made[18:20])[0], machine)
        self.check("compile", "--emit=asm", "add.wasm", "-o", "-", stdout=self.check("objdump", "add.wasm").stdout)
        self.check("compile", "--emit=asm", "--target=aarch64", "add.wat")
        self.assertIn(b"add w", self.contents("add.asm"))
        self.assertIn(b"ret x30", self.check("objdump", "--target=aarch64", "add.wasm").stdout)
        self.check("compile", "--emit=asm", "--for=fuel", "add.wasm", "-o", "fuel.asm")
        self.assertNotEqual(self.contents("fuel.asm"), self.check("objdump", "add.wasm").stdout)
        self.check("compile", "--emit=lisp", "add.wasm", status=2, stderr="cwasm asm elf")

    def test_objects_are_for_tools(self):
        nm, objdump = shutil.which("nm"), shutil.which("objdump")
        if nm is None or objdump is None:
            self.skipTest("binutils are not installed")
        self.check("compile", "--emit=elf", "--target=x86-64-v3", "add.wasm")
        names = subprocess.run([nm, self.path("add.o")], capture_output=True, check=True, text=True).stdout
        self.assertRegex(names, r"[0-9a-f]+ T wasm!add\n")
        self.assertIn("wasm!trap", names)
        text = subprocess.run([objdump, "-d", self.path("add.o")], capture_output=True, check=True, text=True).stdout
        self.assertRegex(text, r"<wasm!add>:\n(.*\n)+?.*\bret")

    def test_several_files(self):
        self.check("wat2wasm", "add.wat", "-o", "more.wasm")
        self.check("compile", "add.wasm", "more.wasm")
        self.check("--invoke", "add", "more.cwasm", "1", "2", stdout=b"3\n")
        self.check("compile", "add.wasm", "more.wasm", "-o", "x", status=2, stderr="-o is for one file")

    def test_what_cannot_be_compiled(self):
        self.file("bad.wasm", b"\0asm\1\0\0\0\1")
        self.check("compile", "bad.wasm", status=1, stderr="cannot load `bad.wasm`")
        self.assertFalse(os.path.exists(self.path("bad.cwasm")))
        self.check("compile", "add.wasm", "--target", "sparc", status=2, stderr="x86-64-v3")
        self.check("compile", "add.wasm", "--for", "fun", status=2, stderr="timeout, fuel or deterministic")

    def test_a_target_that_is_named(self):
        for target, processor in [("x86-64-v3", b"x86-64"), ("aarch64", b"AArch64")]:
            self.check("compile", "add.wasm", "--target", target, "-o", "target.cwasm")
            self.assertIn(processor, self.check("info", "target.cwasm").stdout)
            self.assertEqual(self.wrun("--invoke", "add", "target.cwasm", "1", "2").stdout, b"3\n")

    def test_settings_that_differ_are_named(self):
        self.check("compile", "add.wasm")
        for options, reason in [
            (["--fuel", "1000"], "it was compiled without fuel"),
            (["--timeout", "9s"], "it was compiled without interruption"),
            (["--deterministic"], "it was compiled without canonical NaNs"),
            (["--disable", "simd"], "it was compiled with other WebAssembly proposals enabled"),
            (["--tier", "interp"], "the interpreter was asked for"),
        ]:
            with self.subTest(reason):
                self.check(*options, "--invoke", "add", "add.cwasm", "1", "2", stdout=b"3\n",
                           stderr=f"warning: `add.cwasm` is compiled again: {reason}")
        self.check("compile", "add.wasm", "--for", "fuel,timeout,deterministic")
        self.check("--fuel", "1000", "--timeout", "9s", "--deterministic", "--invoke", "add", "add.cwasm", "1", "2",
                   stdout=b"3\n")

    # The header is described in docs/artifact.md.
    ENGINE, CPU = 80, 116

    def changed(self, offset, value):
        """The artifact with other bytes at an offset and a hash that is right."""
        whole = bytearray(self.contents("add.cwasm"))
        whole[offset:offset + len(value)] = value
        whole[16:48] = hashlib.blake2b(whole[:16] + whole[48:], digest_size=32).digest()
        return self.file("changed.cwasm", bytes(whole))

    def test_machines_that_differ_are_named(self):
        self.check("compile", "add.wasm")
        for offset, value, reason in [
            (self.ENGINE, b"other", "it was compiled by another version of the engine (6f74686572"),
            (self.ENGINE + 32, struct.pack("<I", 3), "it is for another kind of processor"),
            (self.CPU, struct.pack("<I", 1 << 31), "it needs a processor that is not known here"),
        ]:
            with self.subTest(reason):
                self.check("--invoke", "add", self.changed(offset, value), "1", "2", stdout=b"3\n", stderr=reason)
        self.check("--invoke", "add", self.changed(8, struct.pack("<I", 7)), "1", "2", status=1,
                   stderr="the file has version 7 of the format")

    def test_listings_tell_what_is_not_the_code(self):
        self.check("compile", "add.wasm")
        self.check("objdump", "add.cwasm")
        self.check("objdump", self.changed(self.ENGINE, b"other"),
                   stderr="was compiled by another version of the engine; what follows differs")
        self.check("objdump", "--opt-level", "0", "add.cwasm", stderr="was compiled with --opt-level 2")

    def test_without_the_module(self):
        self.check("compile", "add.wasm", "--no-embed-wasm")
        self.check("--invoke", "add", "add.cwasm", "1", "2", stdout=b"3\n")
        self.check("--invoke", "trap", "add.cwasm", status=134, stderr="integer divide by zero")
        self.check("--fuel", "9", "--invoke", "add", "add.cwasm", "1", "2", status=1,
                   stderr="it was compiled without fuel, and the file does not contain the module itself")

    def test_damage_is_told(self):
        self.check("compile", "add.wasm")
        whole = self.contents("add.cwasm")
        self.file("cut.cwasm", whole[:-1])
        self.check("cut.cwasm", status=1, stderr="the file is damaged: it ends too early")
        self.file("flipped.cwasm", whole[:-1] + bytes([whole[-1] ^ 1]))
        self.check("flipped.cwasm", status=1, stderr="its contents are not what their hash says")

    def test_compiled_code_is_no_module(self):
        self.check("compile", "add.wasm")
        self.check("validate", "add.cwasm", status=1, stderr="compiled code made by `wrun compile`")
        self.check("-", stdin=self.contents("add.cwasm"), status=1, stderr="runs from a file")
        self.check("--record", "r", "--invoke", "add", "add.cwasm", status=2, stderr="record a run of that")

    def test_info(self):
        self.check("compile", "add.wasm", "--opt-level", "1")
        text = self.check("info", "add.cwasm").stdout.decode()
        self.assertIn("compiled code, format version 1", text)
        self.assertIn("opt-level 1", text)
        told = json.loads(self.check("info", "--json", "add.cwasm").stdout)
        self.assertEqual(told["functions"], 2)
        self.assertTrue(told["wasm_embedded"])
        self.assertEqual(told["wasm_bytes"], len(self.contents("add.wasm")))

    def test_objdump(self):
        self.check("compile", "add.wasm")
        listing = self.check("objdump", "--func", "add", "add.cwasm").stdout
        self.assertEqual(listing, self.check("objdump", "--func", "add", "add.wasm").stdout)
        self.assertIn(b"i32.add", listing)

    def test_memory_begins_as_the_segments_say(self):
        # Later segments win; those that are dropped are empty; passive ones can be copied from.
        self.file("data.wat", b"""(module
            (memory (export "memory") 3)
            (data (i32.const 70000) "first") (data (i32.const 70002) "X") (data $passive "later") (data (i32.const 131072) "end")
            (data (i32.const 5) "")
            (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
            (func (export "write") (param i32) (result i32)
              (i32.store8 (i32.const 70000) (local.get 0)) (i32.load8_u (i32.const 70000)))
            (func (export "copy") (result i32)
              (memory.init $passive (i32.const 0) (i32.const 1) (i32.const 3)) (i32.load8_u (i32.const 2)))
            (func (export "again") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)))
            (func (export "drop") (data.drop 0) (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 0))))""")
        for target, size in [("x86-64-v3", 65536), ("aarch64", 131072)]:  # whole pages
            self.check("compile", "--target", target, "data.wat")
            parts = {part["name"]: part for part in json.loads(self.check("info", "--json", "data.cwasm").stdout)["parts"]}
            self.assertEqual(parts["memory"]["size"], size)
        self.check("compile", "data.wat")
        before = self.contents("data.cwasm")
        for name, arguments, result in [("byte", ["70000"], ord("f")), ("byte", ["70002"], ord("X")), ("byte", ["69999"], 0),
                                        ("byte", ["131074"], ord("d")), ("byte", ["196607"], 0), ("write", ["7"], 7),
                                        ("copy", [], ord("e"))]:
            self.check("--invoke", name, "data.cwasm", *arguments, stdout=b"%d\n" % result)
        self.check("--invoke", "drop", "data.cwasm", stdout=b"")
        self.check("--invoke", "again", "data.cwasm", status=134, stderr="out of bounds memory access")
        self.assertEqual(self.contents("data.cwasm"), before)

    def test_segments_that_trap(self):
        self.file("beyond.wat", b"""(module (memory 1) (data (i32.const 0) "a") (data (i32.const 65536) "b") (func (export "f")))""")
        self.check("compile", "beyond.wat")
        self.check("--invoke", "f", "beyond.cwasm", status=134, stderr="data segment 1")

    def test_modules_are_preloaded(self):
        self.file("uses.wat", b"""(module (import "m" "add" (func $add (param i32 i32) (result i32)))
            (func (export "f") (result i32) (call $add (i32.const 4) (i32.const 5))))""")
        self.check("compile", "add.wasm", "uses.wat")
        self.check("--preload", "m=add.cwasm", "--invoke", "f", "uses.cwasm", stdout=b"9\n")

    def test_format_is_as_documented(self):
        with open(os.path.join(os.path.dirname(__file__), "../../docs/artifact.md"), encoding="utf-8") as document:
            rows = re.findall(r"^\| (\d+) \| (\d+) \| ([^|]+) \|$", document.read(), re.M)
        fields, end = {}, 0
        for offset, size, meaning in rows:
            self.assertEqual(int(offset), end, meaning)
            end += int(size)
            fields[meaning] = slice(int(offset), end)
        self.assertEqual(end, 392)
        self.check("compile", "add.wasm", "--target", "x86-64-v3")
        whole, wasm = self.contents("add.cwasm"), self.contents("add.wasm")

        def field(begin):
            return whole[next(where for meaning, where in fields.items() if meaning.startswith(begin))]

        def number(begin):
            return int.from_bytes(field(begin), "little")

        self.assertEqual(field("magic"), b"\0wrunaot")
        self.assertEqual(number("version"), 1)
        self.assertEqual(field("BLAKE2b-256 of the whole"), hashlib.blake2b(whole[:16] + whole[48:], digest_size=32).digest())
        self.assertEqual(field("BLAKE2b-256 of the Web"), hashlib.blake2b(wasm, digest_size=32).digest())
        self.assertEqual(number("machine"), 1)
        self.assertEqual(number("CPU features"), 31)
        self.assertEqual([number(name) for name in ("guarded", "interruptible", "fuel", "canonical", "opt-level", "zeros")],
                         [0, 0, 0, 0, 2, 0])
        self.assertEqual(number("bytes of the file"), len(whole))
        self.assertEqual(number("bytes of the WebAssembly module"), len(wasm))
        extents = struct.unpack("<28Q", field("fourteen sections"))
        sections = [whole[offset:offset + size] for offset, size in zip(extents[::2], extents[1::2])]
        self.assertEqual(extents[0] % 4096, 0)
        self.assertEqual(len(sections[0]) % 4096, 0)
        functions = list(struct.iter_unpack("<12I", sections[1]))
        self.assertEqual([(index, loop) for _, index, loop, *_ in functions], [(0, 0), (1, 0)])
        self.assertEqual([offset % 32 for offset, *_ in functions], [0, 0])
        self.assertEqual(functions[1][5], 0)
        (trap,) = struct.iter_unpack("<II", sections[2])
        self.assertLess(trap[0] & 0x3ffffff, functions[1][3])
        bodies = list(struct.iter_unpack("<II", sections[11]))
        self.assertTrue(bodies[1][0] < trap[1] < bodies[1][0] + bodies[1][1])
        self.assertEqual(wasm[trap[1]], 0x6e)  # i32.div_u
        self.assertEqual(len(sections[3]) % 8, 0)
        self.assertEqual(sections[4:10], [b""] * 6)
        self.assertEqual(sections[10][:8], b"\0asm\1\0\0\0")
        self.assertEqual(sections[13][:4], b"\x28\xb5\x2f\xfd")

    def test_killed_while_writing(self):
        functions = b"".join(b"(func (export \"f%d\") (param i32) (result i32) (i32.mul (local.get 0) (i32.const %d)))"
                             % (i, i) for i in range(3000))
        self.file("big.wat", b"(module" + functions + b")")
        self.check("compile", "big.wat")
        whole = self.contents("big.cwasm")
        start = time.monotonic()
        self.check("compile", "big.wat")
        takes = time.monotonic() - start
        for i in range(12):
            process = subprocess.Popen(harness.COMMAND + ["compile", "big.wat"], cwd=self.folder)
            time.sleep(takes * (i + 1) / 12)
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.assertEqual(self.contents("big.cwasm"), whole)


if __name__ == "__main__":
    harness.main()
