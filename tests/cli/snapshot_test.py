"""`wrun snapshot`: modules that begin where an initialiser left them."""

import os
import shutil
import subprocess

import harness

# Reads a file, its arguments and the environment when it is initialised, and prints what it remembers when it runs.
PROGRAM = rb"""(module
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open" (func $path_open
      (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "text")
    (global $ready (mut i32) (i32.const 0))
    (func (export "init")
      (drop (call $args_get (i32.const 1000) (i32.const 2000)))
      (global.set $ready (i32.const 1)))
    (func (export "init_with") (param i32) (result i32) (global.set $ready (local.get 0)) (local.get 0))
    (func (export "open")
      (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0)
        (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0))))
    (func (export "leave") (call $proc_exit (i32.const 0)))
    (func (export "fail") unreachable)
    (func (export "ready") (result i32) (global.get $ready))
    (func (export "print") (i32.store (i32.const 0) (i32.const 2000)) (i32.store (i32.const 4) (i32.const 8))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func (export "_start") unreachable))"""


class Snapshot(harness.CliTest):
    def setUp(self):
        super().setUp()
        self.file("app.wat", PROGRAM)
        self.check("wat2wasm", "app.wat", "-o", "app.wasm")

    @harness.needs_compiled_code
    def test_runs_on(self):
        self.check("snapshot", "app.wasm", "--invoke", "init", "--rename", "_start=print", "--argv0", "program",
                   stdout=b"")
        self.check("validate", "app.snap.wasm")
        self.check("--invoke", "ready", "app.snap.wasm", stdout=b"1\n")
        self.check("app.snap.wasm", stdout=b"program\0")
        self.check("--invoke", "init", "app.snap.wasm", status=1, stderr="init")
        self.check("compile", "app.snap.wasm")
        self.check("app.snap.cwasm", stdout=b"program\0")

    def test_arguments_of_the_initialiser(self):
        self.check("snapshot", "app.wasm", "--invoke", "init_with", "-o", "x.wasm", "--", "-7")
        self.check("--invoke", "ready", "x.wasm", stdout=b"-7\n")
        self.check("snapshot", "--invoke=init_with", "app.wat", "5", "-o", "x.wasm")
        self.check("--invoke", "ready", "x.wasm", stdout=b"5\n")

    @harness.needs_compiled_code
    def test_compiled_modules(self):
        self.check("compile", "app.wasm")
        self.check("snapshot", "app.cwasm", "--invoke", "init", "-o", "x.wasm")
        self.check("--invoke", "ready", "x.wasm", stdout=b"1\n")

    def test_reactors(self):
        self.file("r.wat", b"""(module (global $n (mut i32) (i32.const 1))
            (func (export "_initialize") (global.set $n (i32.add (global.get $n) (i32.const 1))))
            (func (export "more") (global.set $n (i32.mul (global.get $n) (i32.const 10))))
            (func (export "get") (result i32) (global.get $n)))""")
        self.check("snapshot", "r.wat")
        self.check("--invoke", "get", "r.snap.wasm", stdout=b"2\n")
        self.check("snapshot", "r.wat", "--invoke", "more")
        self.check("--invoke", "get", "r.snap.wasm", stdout=b"20\n")

    def test_failures(self):
        for arguments, status, message in [
            (("app.wasm",), 2, "--invoke"),
            (("app.wasm", "--invoke", "absent"), 1, "absent"),
            (("app.wasm", "--invoke", "fail"), 134, "unreachable"),
            (("app.wasm", "--invoke", "leave"), 1, "the guest ended itself"),
            (("app.wasm", "--invoke", "init", "--rename", "_start=absent"), 2, "exports no function `absent`"),
            (("app.wasm", "--invoke", "init", "--rename", "_start"), 2, "NEW=OLD"),
            (("app.wasm", "--invoke", "open", "--dir", "."), 1, "has opened file 4 and not closed it"),
            (("app.wasm", "--invoke", "init", "-o", "-"), 2, "-o"),
            ((), 2, "usage: wrun snapshot"),
        ]:
            with self.subTest(arguments):
                self.file("text", b"")
                self.check("snapshot", *arguments, status=status, stderr=message)
                self.assertFalse(os.path.exists(self.path("app.snap.wasm")))

    def test_others_take_it(self):
        self.check("snapshot", "app.wasm", "--invoke", "init", "--rename", "_start=print", "--argv0", "program")
        for command in (["wasm-tools", "validate"], ["wasm-validate"], ["wasmtime", "run"]):
            if shutil.which(command[0]):
                with self.subTest(command[0]):
                    done = subprocess.run([*command, self.path("app.snap.wasm")], capture_output=True, check=False)
                    self.assertEqual((done.returncode, done.stderr), (0, b""))


if __name__ == "__main__":
    harness.main()
