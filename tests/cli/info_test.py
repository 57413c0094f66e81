"""validate, info, --stats and --log."""

import json

import harness
from harness import CliTest
from wasm_builder import *


def sample():
    m = Module()
    m.import_func("env", "log", (I32,))
    m.memory(2, 3)
    m.global_(I64, i64(7), export="seven")
    m.func(local_get(0) + b"\xc0", (I32,), (I32,), export="extend", name="extend8")
    m.data(8, b"data")
    m.module_name = "sample"
    m.custom("notes", b"abc")
    return m.bytes()


class Info(CliTest):
    def test_json(self):
        content = sample()
        info = json.loads(self.check("info", "--json", self.file("s.wasm", content)).stdout)
        self.assertEqual((info["file"], info["size"], info["name"], info["kind"]),
                         ("s.wasm", len(content), "sample", "library"))
        self.assertEqual(info["proposals"], ["sign-extension"])
        self.assertEqual([s["name"] for s in info["sections"]],
                         ["type", "import", "function", "memory", "global", "export", "code", "data",
                          "custom", "custom"])
        self.assertEqual([s["custom"] for s in info["sections"] if s["name"] == "custom"],
                         ["name", "notes"])
        for section in info["sections"]:
            end = section["offset"] + section["size"]
            self.assertLessEqual(end, len(content))
        self.assertEqual(end, len(content))
        self.assertEqual(info["imports"], [{"module": "env", "name": "log", "kind": "func",
                                            "type": "func [i32] -> []"}])
        self.assertIn({"name": "extend", "kind": "func", "type": "func [i32] -> [i32]"},
                      info["exports"])
        self.assertIn({"name": "memory", "kind": "memory", "type": "memory 2 3"}, info["exports"])
        self.assertEqual({k: v for k, v in info["counts"].items() if v},
                         {"types": 2, "functions": 2, "memories": 1, "globals": 1,
                          "data_segments": 1})

    def test_text(self):
        result = self.check("info", self.file("s.wasm", sample()))
        for part in [b"s.wasm: WebAssembly module, ", b"name: sample\n", b"sign-extension",
                     b'custom "notes"', b"env.log: func [i32] -> []", b"extend: func [i32] -> [i32]"]:
            self.assertIn(part, result.stdout)

    def test_hostile_names(self):
        m = Module()
        m.func(b"", export='quote" \n\x1b[2J\u00e9\u2028')
        self.file("s.wasm", m.bytes())
        info = json.loads(self.check("info", "s.wasm", "--json").stdout)
        self.assertEqual(info["exports"][0]["name"], 'quote" \n\x1b[2J\u00e9\u2028')
        self.assertNotIn(b"\x1b", self.check("info", "s.wasm").stdout)

    def test_invalid(self):
        self.check("info", self.file("s.wasm", b"no"), status=1, stdout=b"", stderr="cannot load")


class Validate(CliTest):
    def test_files(self):
        self.file("good.wasm", sample())
        self.file("bad.wasm", sample()[:-1])
        self.check("validate", "good.wasm", "good.wasm", stdout=b"")
        self.check("validate", "-", stdin=sample())
        self.check("validate", "bad.wasm", "good.wasm", "none.wasm", status=1,
                   stderr=["cannot load `bad.wasm`", "none.wasm"])
        self.check("validate", "--disable", "sign-extension", "good.wasm", status=1,
                   stderr="sign-extension")


class Stats(CliTest):
    def test_json(self):
        self.file("x.wasm", exits_with(5))
        result = self.wrun("--stats=json", "--fuel", "1000000", "x.wasm")
        self.assertEqual(result.returncode, 5)
        stats = json.loads(result.stderr)
        self.assertEqual(stats["module_bytes"], len(exits_with(5)))
        self.assertEqual(stats["guest_memory_bytes"], 65536)
        self.assertGreater(stats["peak_resident_bytes"], 0)
        self.assertGreater(stats["fuel_used"], 0)
        self.assertLess(stats["fuel_used"], 1000)
        for key in ("read_ms", "compile_ms", "instantiate_ms", "run_ms"):
            self.assertGreaterEqual(stats[key], 0)

    def test_text_after_a_trap(self):
        self.file("x.wasm", program(UNREACHABLE).bytes())
        self.check("--stats", "x.wasm", status=134,
                   stderr=["the guest trapped", "compile ", "run ", "guest memory      0.062 MiB"])

    def test_nothing_unless_asked(self):
        self.check(self.file("x.wasm", exits_with(5)), status=5)


class Log(CliTest):
    def test_levels(self):
        self.file("x.wasm", exits_with(5))
        self.check("--log", "info", "x.wasm", status=5, stderr=["info", "exit status 5"])
        debug = self.check("--log=debug", "x.wasm", status=5, stderr="x.wasm is valid")
        self.assertIn(b"exit status 5", debug.stderr)
        self.check("--log", "error", "x.wasm", status=5)


if __name__ == "__main__":
    harness.main()
