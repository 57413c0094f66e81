"""wrun wast: what becomes of scripts, and the reports about it."""

import json
import os
import xml.etree.ElementTree as xml

import harness
from harness import CliTest

PASSING = b"""(module $m (func (export "add") (param i32 i32) (result i32)
  (i32.add (local.get 0) (local.get 1)))
  (func (export "trap") unreachable)
  (func (export "nan") (result f32) (f32.const nan:0x200000)))
(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
(assert_return (invoke "nan") (either (f32.const 1) (f32.const nan:0x200000)))
(assert_trap (invoke $m "trap") "unreachable")
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module quote "(func") "unexpected end")
(assert_unlinkable (module (import "spectest" "nothing" (func))) "unknown import")
(register "m" $m)
(module (import "m" "trap" (func)) (import "spectest" "print_i32" (func (param i32))))
"""

FAILING = b"""(module (func (export "one") (result i32) i32.const 1))
(assert_return (invoke "one") (i32.const 2))
(assert_return (invoke "two") (i32.const 2))
  (assert_trap (invoke "one") "unreachable")
(assert_invalid (module binary "") "type mismatch")
(assert_malformed (module quote "(func) <") "unexpected end")
(assert_return (invoke "one") (i32.const 1))
"""


class Wast(CliTest):
    def test_passing(self):
        text = self.check("wast", self.file("a.wast", PASSING)).stdout.decode()
        self.assertTrue(text.startswith("passed a.wast: module 2, register 1, assert_return 2, assert_trap 1"), text)
        self.assertIn("1 scripts, 0 failed; 9 commands passed, 0 failed", text)

    def test_failing(self):
        text = self.check("wast", self.file("b.wast", FAILING), status=1).stdout.decode()
        for part in ["FAILED b.wast", "assert_return 3 (2 failed)",
                     "b.wast:2:1: assert_return\n    expected (i32.const 2)\n    got      (i32.const 1)\n",
                     'b.wast:3:1: assert_return\n    expected (i32.const 2)\n    got      no such export: "two"\n',
                     "b.wast:4:3: assert_trap\n    expected trap: unreachable\n    got      (i32.const 1)\n",
                     "expected invalid module: type mismatch\n    got      malformed: unexpected end",
                     "3 commands passed, 4 failed, 1 refused in other words"]:
            self.assertIn(part, text)
        self.assertNotIn("in other words\n    expected", text)
        self.assertIn("b.wast:6:1: assert_malformed, in other words\n    expected unexpected end\n",
                      self.check("wast", "-v", "b.wast", status=1).stdout.decode())

    def test_unreadable(self):
        self.file("c.wast", b"(module)\n(assert_retrun)\n")
        text = self.check("wast", "c.wast", "missing.wast", status=1).stdout.decode()
        self.assertIn("FAILED c.wast\nc.wast:2:", text)
        self.assertIn("FAILED missing.wast\n", text)
        self.check("wast", ".", stdout=None, status=1)
        os.mkdir(self.path("empty"))
        self.check("wast", "empty", stdout=b"", stderr="no .wast files", status=1)

    def test_folders_and_features(self):
        self.file("all.wast", b"(module (memory 1 1 shared))")
        self.check("wast", "all.wast", status=1)
        self.check("wast", "--features", "wasm-1.0,threads", "all.wast")
        self.check("wast", "--features", "all,-threads", "all.wast", status=1)
        os.makedirs(self.path("suite/proposals/threads"))
        os.rename(self.path("all.wast"), self.path("suite/proposals/threads/all.wast"))
        self.check("wast", "suite")
        self.check("wast", "--features", "warp", "suite", status=2, stderr="no WebAssembly proposal `warp`")

    def test_reports(self):
        self.file("a.wast", PASSING)
        self.file("b.wast", FAILING)
        report = json.loads(self.check("wast", "--json", "--junit", "j.xml", "-j", "2", ".", status=1).stdout)
        self.assertEqual(report["total"]["scripts"], 2)
        self.assertEqual((report["total"]["passed"], report["total"]["failed"]), (12, 4))
        self.assertEqual([script["status"] for script in report["scripts"]], ["passed", "failed"])
        failures = report["scripts"][1]["failures"]
        self.assertEqual([(f["command"], f["line"], f["column"]) for f in failures[:3]],
                         [("assert_return", 2, 1), ("assert_return", 3, 1), ("assert_trap", 4, 3)])
        self.assertEqual(report["scripts"][0]["commands"]["assert_return"], {"passed": 2, "failed": 0})
        suite = xml.parse(self.path("j.xml")).getroot()[0]
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("2", "1"))
        self.assertIn("4 commands failed", suite[1][0].get("message"))

    def test_threads(self):
        self.check("wast", "--features", "all", self.file("t.wast", b"""
(module $Mem (memory (export "shared") 1 1 shared))
(thread $T (shared (module $Mem))
  (register "mem" $Mem)
  (module (memory (import "mem" "shared") 1 1 shared)
    (func (export "run") (i32.atomic.store (i32.const 0) (i32.const 42))
                         (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))))
  (invoke "run"))
(register "mem" $Mem)
(module (memory (import "mem" "shared") 1 1 shared)
  (func (export "wait") (result i32)
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    (i32.atomic.load (i32.const 0))))
(assert_return (invoke "wait") (i32.const 42))
(wait $T)
"""))


if __name__ == "__main__":
    harness.main()
