"""wasm2wat, wat2wasm and strip."""

import os

import harness
from harness import CliTest
from wasm_builder import *

from info_test import sample


class Wasm2Wat(CliTest):
    def test_text(self):
        text = self.check("wasm2wat", self.file("s.wasm", sample())).stdout.decode()
        for line in ["(module $sample\n", '  (import "env" "log" (func (;0;) (type 0) (param i32)))\n',
                     "  (memory (;0;) 2 3)\n", "  (global (;0;) i64 (i64.const 7))\n",
                     '  (export "extend" (func $extend8))\n',
                     "  (func $extend8 (;1;) (type 1) (param i32) (result i32)\n"
                     "    local.get 0\n    i32.extend8_s)\n",
                     '  (data (;0;) (i32.const 8) "data")\n', '  (@custom "notes" (after last) "abc")\n']:
            self.assertIn(line, text)

    def test_folded(self):
        text = self.check("wasm2wat", "--fold", self.file("s.wasm", sample())).stdout.decode()
        self.assertIn("    (i32.extend8_s (local.get 0)))\n", text)

    def test_without_names(self):
        text = self.check("wasm2wat", "--no-names", self.file("s.wasm", sample())).stdout.decode()
        self.assertTrue(text.startswith("(module\n"))
        self.assertIn("(func (;1;) (type 1)", text)

    def test_output_file(self):
        self.file("s.wasm", sample())
        self.check("wasm2wat", "s.wasm", "-o", "s.wat", stdout=b"")
        with open(os.path.join(self.folder, "s.wat"), "rb") as file:
            self.assertEqual(file.read(), self.check("wasm2wat", "s.wasm").stdout)
        self.check("wasm2wat", "s.wasm", "-o", "missing/s.wat", status=1, stderr="cannot write `missing/s.wat`")
        self.check("wasm2wat", "s.wasm", "-o", "/dev/full", status=1, stderr="No space left")
        self.assertEqual(sorted(os.listdir(self.folder)), ["s.wasm", "s.wat"])

    def test_invalid(self):
        self.check("wasm2wat", self.file("x.wasm", sample()[:-4]), status=1, stdout=b"", stderr="x.wasm")


class Wat2Wasm(CliTest):
    def test_output(self):
        source = b"(module $m (func $f (result i32) (i32.const 42)) (export \"f\" (func $f)))"
        self.file("m.wat", source)
        self.check("wat2wasm", "m.wat", "-o", "m.wasm", stdout=b"")
        with open(os.path.join(self.folder, "m.wasm"), "rb") as file:
            binary = file.read()
        self.check("wat2wasm", "m.wat", stdout=binary)
        self.check("wat2wasm", "-", stdin=source, stdout=binary)
        for module in ("m.wasm", "m.wat"):
            self.check("--invoke", "f", module, stdout=b"42\n")
            self.check("info", module, stdout=None)

    def test_error(self):
        self.file("m.wat", b"(func nop x)")
        self.check("wat2wasm", "m.wat", "-o", "m.wasm", status=1, stdout=b"", stderr="m.wat:1:11: unknown operator x")
        self.assertEqual(os.listdir(self.folder), ["m.wat"])

    def test_not_validated(self):
        self.check("wat2wasm", self.file("m.wat", b"(func drop)"), "-o", "m.wasm")
        self.check("validate", "m.wasm", status=1, stderr="type mismatch")


class Strip(CliTest):
    def sections(self, *options):
        self.check("strip", *options, "s.wasm", "-o", "t.wasm", stdout=b"")
        with open(os.path.join(self.folder, "t.wasm"), "rb") as file:
            content = file.read()
        self.check("validate", "t.wasm")
        names = {b"name", b"notes", b".debug_info"}
        return {name for name in names if name in content}

    def setUp(self):
        super().setUp()
        self.file("s.wasm", sample() + b"\0" + text(text(".debug_info") + b"dwarf"))

    def test_what_is_removed(self):
        self.assertEqual(self.sections(), set())
        self.assertEqual(self.sections("--debug"), {b"name", b"notes"})
        self.assertEqual(self.sections("--names"), {b"notes", b".debug_info"})

    def test_broken_sections(self):
        self.file("x.wasm", sample()[:8] + b"\0\x05\x20abc")
        self.check("strip", "x.wasm", status=1, stdout=b"", stderr=["x.wasm", "unexpected end"])
        self.file("x.wasm", b"not wasm")
        self.check("strip", "x.wasm", status=1, stdout=b"", stderr="not a WebAssembly module")


if __name__ == "__main__":
    harness.main()
