"""Directories that are not the host's, and both ways of keeping paths inside."""

import io
import os
import subprocess
import tarfile

import harness
from harness import CliTest
from wasm_builder import *

ENOENT, EPERM, ENOSPC, EROFS = 44, 63, 51, 69


class Memory(CliTest):
    def setUp(self):
        super().setUp()
        self.file("new.wasm", creates_and_writes(b"new", b"text", 4))

    def test_is_there_and_leaves_nothing(self):
        before = sorted(os.listdir(self.folder))
        self.check("--dir", "mem::/tmp", "new.wasm")
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_limits(self):
        self.check("--dir", "mem::/tmp::max-bytes=3", "new.wasm", status=ENOSPC)
        self.check("--dir", "mem::/tmp::max-bytes=4,max-files=2", "new.wasm")
        self.check("--dir=mem::/tmp::max-files=1", self.file("o.wasm", opens(b"x", OFLAGS_CREAT)), status=ENOSPC)
        self.check("--dir=mem::/tmp::ro", "-q", "o.wasm", status=EPERM)
        for options, text in [("max-bytes=x", "`max-bytes=x` is not a limit such as"),
                              ("rw", "`rw` is not one of: ro max-bytes=SIZE max-files=N")]:
            self.check("--dir", "mem::/tmp::" + options, "new.wasm", status=2, stderr=text)
        self.check("--dir", ".::/x::max-bytes=1", "new.wasm", status=2,
                   stderr="max-bytes is for directories in memory")

    def test_host_directory_of_that_name(self):
        os.mkdir(self.path("mem"))
        self.check("--dir", "./mem::/tmp", "new.wasm")
        self.assertTrue(os.path.exists(self.path("mem/new")))


class Archives(CliTest):
    def archive(self, name, *entries):
        """Entries are names of files with contents, or of directories, or TarInfos."""
        with tarfile.open(self.path(name), "w") as tar:
            for entry in entries:
                info, contents = entry if isinstance(entry, tuple) else (entry, b"")
                if isinstance(info, str):
                    info = tarfile.TarInfo(info)
                info.size = len(contents)
                tar.addfile(info, io.BytesIO(contents))
        return name

    def link(self, name, target, kind=tarfile.SYMTYPE):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        return info

    def prints(self, path):
        """Opens a file beneath descriptor 3, which becomes 4, and writes to stdout what is in it."""
        module = program(
            i32(3) + i32(1) + i32(64) + i32(len(path)) + i32(0) + i64(RIGHT_READ) + i64(0) + i32(0) + i32(4) +
            call(1) + b"\x22\x00" + b"\x04\x40" + local_get(0) + call(0) + END +
            i32(8) + i32(1024) + b"\x36\x02\x00" + i32(12) + i32(4096) + b"\x36\x02\x00" +
            i32(4) + i32(8) + i32(1) + i32(12) + call(2) + DROP +
            i32(1) + i32(8) + i32(1) + i32(4) + call(3) + DROP,
            [("proc_exit", (I32,)), ("path_open", (I32, I32, I32, I32, I32, I64, I64, I32, I32)),
             ("fd_read", (I32,) * 4), ("fd_write", (I32,) * 4)], locals=(I32,))
        module.data(64, path)
        return self.file("print.wasm", module.bytes())

    def test_files_and_links(self):
        self.archive("data.tar", ("a/b/file", b"text"), self.link("a/link", "b/file"),
                     self.link("hard", "a/b/file", tarfile.LNKTYPE), ("./top", b"old"), ("top", b"new"),
                     ("ümlaut", b"utf-8"), ("x" * 150 + "/long", b"long"))
        for path, contents in [("a/b/file", b"text"), ("a/link", b"text"), ("hard", b"text"), ("top", b"new"),
                               ("ümlaut", b"utf-8"), ("x" * 150 + "/long", b"long")]:
            self.check("--dir", "data.tar::/data", self.prints(path.encode()), stdout=contents)
        self.check("--dir", "data.tar::/data", self.prints(b"absent"), status=ENOENT)

    def test_is_read_only(self):
        self.archive("data.tar", ("file", b"text"))
        self.file("new.wasm", opens(b"new", OFLAGS_CREAT))
        self.check("-q", "--dir", "data.tar::/data", "new.wasm", status=EPERM)
        self.file("write.wasm", opens(b"file", rights=RIGHT_WRITE))
        self.check("-q", "--dir", "data.tar::/data", "write.wasm", status=EPERM)

    def test_compressed(self):
        self.archive("data.tar", ("file", b"text" * 1000))
        subprocess.run(["zstd", "-q", self.path("data.tar")], check=True)
        self.check("--dir", "data.tar.zst::/data", self.prints(b"file"), stdout=b"text" * 1000)

    def test_what_is_no_archive_or_a_bad_one(self):
        self.file("exit.wasm", exits_with(0))
        self.check("--dir", self.file("text", b"no archive") + "::/x", "exit.wasm", status=1,
                   stderr="cannot use 'text' as a directory or an archive (tar): ")
        for entries in [[("../up", b"")], [("a", b""), ("a/b", b"")], [self.link("x", "y", tarfile.LNKTYPE)]]:
            self.archive("bad.tar", *entries)
            self.check("--dir", "bad.tar::/x", "exit.wasm", status=1, stderr="cannot use 'bad.tar'")
        self.archive("out.tar", self.link("up", "../secret"), self.link("root", "/etc/passwd"))
        for path in (b"up", b"root"):
            self.check("-q", "--dir", "out.tar::/x", self.prints(path), status=EPERM)
        self.archive("good.tar", ("a/file", b"text" * 500), self.link("l", "a"))
        with open(self.path("good.tar"), "rb") as file:
            good = file.read()
        for place in range(0, 3000, 13):
            bad = bytearray(good)
            bad[place] ^= 0x5a
            self.assertIn(self.wrun("--dir", self.file("b.tar", bad) + "::/x", "exit.wasm").returncode, (0, 1))
            self.assertIn(self.wrun("--dir", self.file("c.tar", good[:place]) + "::/x", "exit.wasm").returncode,
                          (0, 1))


class PathResolution(CliTest):
    def test_switch(self):
        os.mkdir(self.path("data"))
        self.file("data/in", b"")
        self.file("open.wasm", opens(b"in"))
        self.file("up.wasm", opens(b"../open.wasm"))
        for how in harness.PATH_RESOLUTIONS:
            self.check("--path-resolution", how, "--dir", "data", "open.wasm")
            self.check("-q", "--path-resolution=" + how, "--dir", "data", "up.wasm", status=EPERM)
        self.check("--path-resolution", "hope", "open.wasm", status=2, stderr="`hope` is not one of: openat2 walk")

    def test_overlapping_grants(self):
        os.makedirs(self.path("data/sub"))
        self.file("data/sub/in", b"")
        self.file("open.wasm", opens(b"in"))
        self.check("--dir", "data/sub::/s", "--dir", "data::/d", "--dir", "data/sub::/d/sub::ro", "open.wasm")
        self.check("--dir", "data::/d", "--dir", "data::/d/", "open.wasm", status=2, stderr="the same guest path '/d'")


if __name__ == "__main__":
    harness.main()
