"""What the optimising compiler tells of its work, and how it is told to do less."""

import re

import harness
from harness import CliTest

SOURCE = """(module
  (func $halve (export "halve") (param i32) (result i32)
    (i32.div_u (local.get 0) (i32.const 2)))
  (func $twice (export "twice") (param i64) (result i64)
    (i64.add (i64.div_u (local.get 0) (i64.const 10)) (i64.rem_u (local.get 0) (i64.const 10)))))"""


class CompilerOptions(CliTest):
    def setUp(self):
        super().setUp()
        self.file("x.wat", SOURCE.encode())
        if self.invoke("--time-passes") == "":
            self.skipTest("this build has no compiler for this machine")

    def invoke(self, *options):
        return self.check("run", "--tier=opt", *options, "--invoke", "twice", "x.wat", "1234",
                          stdout=b"127\n", stderr=[]).stderr.decode()

    def test_levels(self):
        for level in "012":
            self.assertEqual(self.invoke(f"--opt-level={level}"), "")
            self.assertEqual(self.invoke("-O", f"opt-level={level}"), "")
        self.check("--opt-level=3", "x.wat", status=2, stderr=["`3` is not one of: 0 1 2"])

    def test_times(self):
        text = self.invoke("--time-passes")
        self.assertIn("compiling 2 functions", text)
        self.assertRegex(text, r"(?m)^ +[0-9.]+ ms +[0-9.]+ %  values$")
        self.assertIn("100.0 %  together", text)

    def test_dump(self):
        text = self.invoke("--dump-ir=values:twice")
        self.assertEqual(re.findall("(?m)^---.*$", text), ["--- function 1, twice, after values"])
        self.assertIn("i64.mul_wide_u", text)
        self.assertIn("--- function 0, halve, after build\n", self.invoke("--dump-ir=build:0"))
        self.assertEqual(self.invoke("--dump-ir=build").count("after build"), 2)
        self.assertGreater(self.invoke("--dump-ir=all").count("---"), 10)
        self.assertEqual(self.invoke("--dump-ir=values:nothing"), "")
        self.check("--dump-ir=none", "--tier=opt", "x.wat", status=2,
                   stderr=["there is no pass `none`; there are build, "])

    def test_bisect(self):
        self.assertIn("0 passes have run", self.invoke("--opt-bisect=0"))
        text = self.invoke("--opt-bisect=3")
        self.assertRegex(text, r"opt-bisect: pass 3, \w+ of function 0, halve, is the last\n")
        self.assertRegex(text, r"opt-bisect: 3 passes have run, \d+ were left out\n")
        self.check("--opt-bisect=x", "x.wat", status=2, stderr=["`x` is not a number of passes"])


if __name__ == "__main__":
    harness.main()
