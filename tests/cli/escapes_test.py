"""Attempts to leave a granted directory, with the system calls that they come to looked at."""

import os
import re
import shutil
import subprocess

import harness
from harness import COMMAND, STRACE, CliTest
from wasm_builder import *

FOLLOW = 1

OPEN = (I32, I32, I32, I32, I32, I64, I64, I32, I32)
NAME, OTHER, OTHER_LENGTH = 64, 32768, 1


def tries(path):
    """Does all that can be done with a path beneath descriptor 3, and a second one, `n`, where it takes two."""
    p, n = i32(NAME), i32(len(path))
    other = i32(OTHER) + i32(OTHER_LENGTH)
    body = b"".join([
        i32(3) + p + n + call(2) + DROP,                                                # create_directory
        i32(3) + i32(FOLLOW) + p + n + i32(16) + call(3) + DROP,                        # filestat_get
        i32(3) + p + n + i32(1024) + i32(64) + i32(0) + call(4) + DROP,                 # readlink
        i32(3) + i32(0) + p + n + i32(3) + other + call(5) + DROP,                      # link from it
        i32(3) + i32(0) + other + i32(3) + p + n + call(5) + DROP,                      # link to it
        i32(3) + p + n + i32(3) + other + call(6) + DROP,                               # rename from it
        i32(3) + other + i32(3) + p + n + call(6) + DROP,                               # rename to it
        other + i32(3) + p + n + call(7) + DROP,                                        # symlink
        i32(3) + i32(FOLLOW) + p + n + i64(1) + i64(1) + i32(5) + call(8) + DROP,       # set_times
        i32(3) + p + n + call(9) + DROP,                                                # remove_directory
        i32(3) + p + n + call(10) + DROP,                                               # unlink_file
        i32(3) + i32(FOLLOW) + p + n + i32(OFLAGS_CREAT) + i64(RIGHT_WRITE) + i64(0) + i32(0) + i32(0) +
        call(1) + DROP,
        i32(3) + i32(FOLLOW) + p + n + i32(0) + i64(RIGHT_READ) + i64(0) + i32(0) + i32(0) + call(1) + DROP,
    ])
    module = program(body, [
        ("sched_yield", ()), ("path_open", OPEN), ("path_create_directory", (I32,) * 3),
        ("path_filestat_get", (I32,) * 5), ("path_readlink", (I32,) * 6), ("path_link", (I32,) * 7),
        ("path_rename", (I32,) * 6), ("path_symlink", (I32,) * 5),
        ("path_filestat_set_times", (I32, I32, I32, I32, I64, I64, I32)), ("path_remove_directory", (I32,) * 3),
        ("path_unlink_file", (I32,) * 3)])
    module.data(NAME, path)
    module.data(OTHER, b"n")
    return module.bytes()


class Escapes(CliTest):
    def setUp(self):
        super().setUp()
        self.folder = os.path.realpath(self.folder)

    def make(self):
        """A granted directory with all kinds of ways out, beside what is not granted."""
        for name in ("granted", "outside"):
            shutil.rmtree(self.path(name), ignore_errors=True)
        os.makedirs(self.path("granted/dir/sub"))
        os.makedirs(self.path("outside/dir"))
        self.file("outside/secret", b"secret")
        self.file("granted/file", b"")
        for name, target in [("up", ".."), ("out", "../outside"), ("secret", "../outside/secret"),
                             ("absolute", self.path("outside/secret")), ("root", "/"), ("dangling", "../outside/new"),
                             ("chain", "dir/chain"), ("dir/chain", "../dir/sub/../../up"), ("proc", "/proc/self/root"),
                             ("loop", "loop")]:
            os.symlink(target, self.path("granted/" + name))

    PATHS = [b"..", b"../outside/secret", b"dir/../../outside/secret", b"dir/sub/../../../outside", b"./../outside/new",
             b"/", b"/etc/passwd", b"//etc", b"/proc/self/root/etc/passwd", b"up", b"up/", b"up/outside/secret", b"out/",
             b"out/secret", b"out/new", b"secret", b"secret/", b"absolute", b"root", b"root/etc/passwd", b"dangling",
             b"dangling/", b"chain/outside/secret", b"chain", b"proc/etc/passwd", b"dir/../up/outside", b"file/../../outside",
             b"loop/x", b"\xff\xfe", b"file\0/../../outside/secret", b"a" * 5000, b"x/" * 30000, b"dir/" * 900 + b"../" * 901]

    def run_traced(self, how, path):
        self.make()
        module = self.file("try.wasm", tries(path))
        command = COMMAND + ["-q", "--path-resolution", how, "--dir", "granted::/", module]
        if len(COMMAND) == 1:  # an emulator opens files of its own
            command = STRACE + ["-y", "-o", self.path("trace"), "-e", "trace=%file,openat2"] + command
        subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, timeout=60, check=True)
        if len(COMMAND) > 1:
            return []
        with open(self.path("trace"), errors="replace") as lines:
            opened = re.findall(r"open\w*\(.* = \d+<([^>]*)>", lines.read())
        # What comes before the directory itself is the start of the process.
        return opened[opened.index(self.path("granted")):]

    def test_nothing_outside_is_opened_or_changed(self):
        for how in harness.PATH_RESOLUTIONS:
            for path in self.PATHS:
                with self.subTest(how=how, path=path[:40]):
                    for opened in self.run_traced(how, path):
                        self.assertTrue((opened + "/").startswith(self.path("granted/")), opened)
                    outside = sorted(os.listdir(self.path("outside")))
                    self.assertEqual(outside, ["dir", "secret"])
                    with open(self.path("outside/secret"), "rb") as secret:
                        self.assertEqual(secret.read(), b"secret")
                    self.assertGreater(os.stat(self.path("outside/secret")).st_mtime, 1)

    def test_what_is_inside_can_be_opened(self):
        for how in harness.PATH_RESOLUTIONS:
            self.make()
            self.check("-q", "--path-resolution", how, "--dir", "granted::/", self.file("in.wasm", opens(b"dir/../file")))


if __name__ == "__main__":
    harness.main()
