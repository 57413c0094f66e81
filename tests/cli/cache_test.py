#!/usr/bin/env python3
"""The cache of compiled modules: what fills it, what is taken from it, and whom it trusts."""

import ctypes
import json
import os
import shutil
import subprocess
import time
import unittest

import harness

FUNCTIONS = 1500


def source(answer):
    """A module of more than 64 KiB whose function `f` adds up to `answer`."""
    functions = "".join(f'(func $f{i} (param i32) (result i32) (i32.add (local.get 0) (i32.const {i}))'
                        f' (i32.xor (i32.const 77777777)) (i32.mul (i32.const 1234567)) (i32.rotl (local.get 0))'
                        f' (i32.sub (i32.const 99999999)) (i32.and (i32.const -1111111)))'
                        for i in range(FUNCTIONS))
    calls = "".join(f"(local.set 0 (call $f{i} (local.get 0)))" for i in range(0, FUNCTIONS, 100))
    return f'(module {functions} (func (export "f") (result i32) (local i32) {calls} (i32.const {answer})))'


PR_SET_CHILD_SUBREAPER = 36


@harness.needs_compiled_code
class CacheTest(harness.CliTest):
    @classmethod
    def setUpClass(cls):
        # What runs leave behind to fill the cache becomes this process's to wait for.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def setUp(self):
        super().setUp()
        self.cache = self.path("cache")
        self.env = {**os.environ, "WRUN_CACHE_DIR": self.cache}
        self.write("big.wasm", 42)

    def write(self, name, answer):
        self.file("big.wat", source(answer).encode())
        self.check("wat2wasm", "big.wat", "-o", name)
        self.assertGreater(os.path.getsize(self.path(name)), 65536)
        time.sleep(0.2)  # only files that did not change a moment ago are remembered

    def names(self, prefix=""):
        if not os.path.isdir(self.cache):
            return []
        return sorted(name for name in os.listdir(self.cache) if name.startswith(prefix))

    def run_big(self, *options, answer=42, env=None, **kwargs):
        """Whether the module came from the cache."""
        result = self.check("--log", "debug", *options, "--invoke", "f", "big.wasm", stdout=b"%d\n" % answer,
                            stderr="", env=env or self.env, **kwargs)
        self.wait_for_fillers()
        return b"is in the cache" in result.stderr

    def tearDown(self):
        self.wait_for_fillers()

    def wait_for_fillers(self):
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            pass

    def wait_for(self, condition, what):
        end = time.monotonic() + 110
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.05)

    def fill(self):
        self.check("cache", "add", "big.wasm", env=self.env)
        (name,) = self.names("m-")
        return os.path.join(self.cache, name)

    def test_is_filled_after_a_run(self):
        self.assertFalse(self.run_big())
        self.wait_for(lambda: self.names("m-") and not self.names("l-"), "the cache stays empty")
        self.assertTrue(self.run_big())
        self.assertEqual(os.stat(self.cache).st_mode & 0o777, 0o700)
        self.assertEqual([name for name in self.names() if os.stat(os.path.join(self.cache, name)).st_mode & 0o077], [])

    def test_nothing_is_left_open_for_others_to_wait_for(self):
        start = time.monotonic()
        reader, writer = os.pipe()
        process = subprocess.Popen(harness.COMMAND + ["--invoke", "f", "big.wasm"], cwd=self.folder, env=self.env,
                                   stdout=writer, pass_fds=[writer])
        os.close(writer)
        with open(reader, "rb") as output:
            self.assertEqual(output.read(), b"42\n")
        took = time.monotonic() - start
        process.wait()
        self.wait_for(lambda: self.names("m-") and not self.names("l-"), "the cache stays empty")
        self.assertLess(took, time.monotonic() - start)

    def test_options_that_go_without(self):
        self.fill()
        for options in (["--no-cache"], ["-C", "cache=n"], ["--tier", "auto"], ["--time-passes"]):
            self.assertNotIn(b"in the cache", self.wrun("--log", "debug", *options, "--invoke", "f", "big.wasm",
                                                        env=self.env).stderr)
        self.assertFalse(self.run_big(env={**self.env, "WRUN_CACHE_DIR": ""}))
        self.assertTrue(self.run_big())

    def test_settings_have_entries_of_their_own(self):
        self.fill()
        self.assertFalse(self.run_big("--fuel", "100000"))
        self.wait_for(lambda: len(self.names("m-")) == 2 and not self.names("l-"), "fuel is not kept")
        self.assertTrue(self.run_big("--fuel", "100000"))
        self.assertTrue(self.run_big())

    def test_small_modules_are_not_kept(self):
        self.file("small.wat", b'(module (func (export "f")))')
        self.check("wat2wasm", "small.wat", "-o", "small.wasm")
        self.check("--invoke", "f", "small.wasm", env=self.env)
        self.check("cache", "add", "small.wasm", env=self.env)
        self.assertEqual(self.names("m-"), [])

    def test_a_file_that_changed_is_another_module(self):
        self.fill()
        self.assertTrue(self.run_big())
        self.write("big.wasm", 43)
        self.assertFalse(self.run_big(answer=43))

    def test_other_places_of_the_same_module(self):
        self.fill()
        os.rename(self.path("big.wasm"), self.path("old.wasm"))
        shutil.copyfile(self.path("old.wasm"), self.path("big.wasm"))
        time.sleep(0.2)
        self.check("cache", "add", "big.wasm", env=self.env)
        self.assertEqual(len(self.names("m-")), 1)
        self.assertTrue(self.run_big())

    def test_damaged_entries_are_removed(self):
        for damage in ("flip", "cut", "empty"):
            with self.subTest(damage):
                entry = self.fill()
                with open(entry, "r+b") as file:
                    size = os.path.getsize(entry)
                    if damage == "flip":
                        file.seek(size // 2)
                        byte = file.read(1)[0]
                        file.seek(size // 2)
                        file.write(bytes([byte ^ 4]))
                    else:
                        file.truncate(size // 2 if damage == "cut" else 0)
                self.assertFalse(self.run_big("--log", "debug"))
                self.wait_for(lambda: self.names("m-") and not self.names("l-"), "it is not made again")
                self.assertTrue(self.run_big())

    def test_entries_of_other_modules_are_not_mistaken(self):
        entry = self.fill()
        with open(entry, "rb") as file:
            contents = file.read()
        self.write("big.wasm", 43)
        self.check("cache", "clear", env=self.env)
        other = self.fill()
        with open(other, "wb") as file:
            file.write(contents)
        self.assertFalse(self.run_big(answer=43))

    def test_what_others_can_write_is_not_trusted(self):
        entry = os.path.basename(self.fill())

        def replace_by_link(folder):
            os.rename(f"{folder}/{entry}", self.path("also"))
            os.symlink(self.path("also"), f"{folder}/{entry}")

        for what, change, is_trusted in [
            ("nothing", lambda folder: None, True),
            ("an entry", lambda folder: os.chmod(f"{folder}/{entry}", 0o666), False),
            ("the folder", lambda folder: os.chmod(folder, 0o777), False),
            ("by another name", lambda folder: os.link(f"{folder}/{entry}", self.path("other")), False),
            ("behind a link", replace_by_link, False),
        ]:
            with self.subTest(what):
                folder = self.path(f"copy, {what}")
                shutil.copytree(self.cache, folder)
                change(folder)
                self.assertEqual(self.run_big(env={**self.env, "WRUN_CACHE_DIR": folder}), is_trusted)
        os.chmod(self.cache, 0o777)
        self.check("cache", "info", env=self.env, status=1, stderr="others can write to it")

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_files_of_others_are_not_trusted(self):
        entry = self.fill()
        os.chown(entry, 12345, 12345)
        self.assertFalse(self.run_big())
        os.chown(entry, 0, 0)
        os.chown(self.cache, 12345, 12345)
        self.assertFalse(self.run_big())

    def test_folders_that_cannot_be(self):
        os.mkdir(self.path("real"), 0o700)
        os.symlink(self.path("real"), self.cache)
        self.assertFalse(self.run_big())
        for path in ("/proc/nowhere", "/dev/null", self.path("big.wasm")):
            self.assertFalse(self.run_big(env={**self.env, "WRUN_CACHE_DIR": path}))
        self.check("--cache-dir", "/proc/nowhere", "--invoke", "f", "big.wasm", stdout=b"42\n",
                   stderr="warning: the cache folder '/proc/nowhere' is not used")

    def test_no_folder_for_what_is_small(self):
        self.file("small.wat", b'(module (func (export "f") (result i32) (i32.const 42)))')
        self.check("wat2wasm", "small.wat", "-o", "small.wasm")
        self.check("--cache-dir", self.path("none"), "--invoke", "f", "small.wasm", stdout=b"42\n")
        self.assertFalse(os.path.exists(self.path("none")))

    def test_usual_places(self):
        home = {key: value for key, value in os.environ.items() if key not in ("WRUN_CACHE_DIR", "XDG_CACHE_HOME")}
        for env, place in (({"HOME": self.path("home")}, "home/.cache/wrun"),
                           ({"HOME": self.path("home"), "XDG_CACHE_HOME": self.path("x")}, "x/wrun")):
            os.makedirs(self.path("home"), exist_ok=True)
            told = json.loads(self.check("cache", "info", "--json", env={**home, **env}).stdout)
            self.assertEqual(told, {"directory": self.path(place), "modules": 0, "bytes": 0})

    def test_cleaning_up(self):
        for answer in (1, 2, 3):
            self.write("big.wasm", answer)
            self.check("cache", "add", "big.wasm", env=self.env)
        told = json.loads(self.check("cache", "info", "--json", env=self.env).stdout)
        self.assertEqual(told["modules"], 3)
        # The one that was used last stays.
        self.check("cache", "prune", str(told["bytes"] // 3 + 1000), env=self.env)
        self.assertEqual(len(self.names("m-")), 1)
        self.check("cache", "clear", env=self.env)
        self.assertEqual(self.names(), [])
        for wrong in (["prune", "much"], ["info", "x"], ["add"], ["look"]):
            self.check("cache", *wrong, env=self.env, status=2, stderr="usage: wrun cache")

    def test_two_hundred_at_once(self):
        processes = [subprocess.Popen(harness.COMMAND + ["--invoke", "f", "big.wasm"], cwd=self.folder, env=self.env,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(200)]
        for process in processes:
            output, errors = process.communicate(timeout=110)
            self.assertEqual((output, errors, process.returncode), (b"42\n", b"", 0))
        self.wait_for(lambda: self.names("m-") and not self.names("l-") and not self.names("t-"), "it is not made")
        self.assertEqual(len(self.names("m-")), 1)
        self.assertTrue(self.run_big())


if __name__ == "__main__":
    harness.main()
