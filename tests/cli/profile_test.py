#!/usr/bin/env python3
"""Profiles: written by runs, used and refused by `wrun compile`."""

import json
import os
import unittest

import harness

# Calls $square by reference, all the time.
LOOP = b"""(module
    (type $f (func (param i32) (result i32)))
    (table funcref (elem $square $trap))
    (func $square (type $f) (i32.mul (local.get 0) (local.get 0)))
    (func $trap (type $f) (i32.div_u (i32.const 1) (i32.const 0)))
    (func $loop (export "loop") (param $rounds i32) (param $callee i32) (result i32) (local $sum i32)
      (loop
        (local.set $sum (i32.add (local.get $sum)
          (call_indirect (type $f) (local.get $rounds) (local.get $callee))))
        (br_if 0 (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (local.get $sum)))"""


@harness.needs_compiled_code
class ProfileTest(harness.CliTest):
    def setUp(self):
        super().setUp()
        self.file("loop.wat", LOOP)
        self.check("wat2wasm", "loop.wat", "-o", "loop.wasm")

    def save(self, name="loop.prof", rounds="100", callee="0", **kwargs):
        return self.check("run", "--profile-save", name, "--invoke", "loop", "loop.wasm", rounds, callee, **kwargs)

    def compiled(self, *options):
        self.check("compile", *options, "loop.wasm")
        with open(self.path("loop.cwasm"), "rb") as file:
            return file.read()

    def test_makes_other_code_that_does_the_same(self):
        self.save(stdout=b"338350\n")
        usual = self.compiled()
        self.assertIs(json.loads(self.check("info", "--json", "loop.cwasm").stdout)["with_profile"], False)
        profiled = self.compiled("--profile-use", "loop.prof")
        self.assertNotEqual(profiled, usual)
        self.assertEqual(profiled, self.compiled("--profile-use", "loop.prof"))
        self.assertIs(json.loads(self.check("info", "--json", "loop.cwasm").stdout)["with_profile"], True)
        self.assertIn(b"profile", self.check("info", "loop.cwasm").stdout)
        self.check("--invoke", "loop", "loop.cwasm", "100", "0", stdout=b"338350\n")
        direct = self.wrun("--tier", "interp", "--invoke", "loop", "loop.wasm", "100", "1")
        other = self.wrun("--invoke", "loop", "loop.cwasm", "100", "1")
        self.assertEqual((other.returncode, other.stderr), (134, direct.stderr))
        self.assertEqual(self.wrun("--invoke", "loop", "loop.cwasm", "100", "2").returncode, 134)
        self.check("--invoke", "loop", "loop.cwasm", "200", "0", stdout=b"2686700\n")

    def test_is_shown_by_objdump(self):
        self.save()
        usual = self.check("objdump", "--func", "loop", "--ir", "loop.wasm").stdout
        shown = self.check("objdump", "--func", "loop", "--ir", "--profile-use", "loop.prof", "loop.wasm").stdout
        self.assertNotIn(b"ref.eq", usual)
        self.assertIn(b"ref.eq", shown)
        self.assertEqual(self.check("compile", "--emit=asm", "--profile-use", "loop.prof", "loop.wasm", "-o", "-").stdout,
                         self.check("objdump", "--profile-use", "loop.prof", "loop.wasm").stdout)
        self.compiled("--profile-use", "loop.prof")
        self.check("objdump", "loop.cwasm", stderr="was compiled with a profile")
        self.check("objdump", "--profile-use", "loop.prof", "loop.cwasm")

    def test_is_saved_however_the_guest_ends(self):
        self.save(callee="1", status=134, stderr="integer divide by zero")
        self.compiled("--profile-use", "loop.prof")

    def test_one_that_does_not_fit_is_an_error(self):
        self.save()
        with open(self.path("loop.prof"), "rb") as file:
            profile = file.read()
        self.file("damaged.prof", profile[:70] + bytes([profile[70] ^ 1]) + profile[71:])
        self.file("short.prof", profile[:-1])
        self.file("empty.prof", b"")
        self.file("other.wat", b"(module (func))")
        for file, name, why in [("loop.wasm", "damaged.prof", "the profile is damaged"),
                                ("loop.wasm", "short.prof", "the profile is cut short"),
                                ("loop.wasm", "empty.prof", "the profile is none"),
                                ("loop.wasm", "loop.wasm", "the profile is none"),
                                ("loop.wasm", "missing.prof", "missing.prof"),
                                ("other.wat", "loop.prof", "the profile is of another module")]:
            self.check("compile", "--profile-use", name, file, status=1, stderr=why)
        self.assertFalse(os.path.exists(self.path("loop.cwasm")))

    def test_needs_something_that_counts(self):
        for tier in ("interp", "opt"):
            self.check("run", "--tier", tier, "--profile-save", "p", "--invoke", "loop", "loop.wasm", "1", "0", status=2,
                       stderr="--tier=auto")
        self.compiled()
        self.check("run", "--profile-save", "p", "--invoke", "loop", "loop.cwasm", "1", "0", status=2,
                   stderr="is compiled")
        self.save(name="no/such/folder/p", status=1, stderr="no/such/folder/p")


if __name__ == "__main__":
    harness.main()
