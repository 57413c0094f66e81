"""Disks that are full, quotas, files that may not grow, and calls that fail or are interrupted."""

import os
import pathlib
import resource
import shlex
import subprocess
import unittest

import harness
from harness import COMMAND, STRACE, CliTest

GUEST = str(pathlib.Path(__file__).resolve().parent.parent / "guests/workload.wasm")


def may_mount():
    """Whether this user gets a mount namespace to mount a small tmpfs in."""
    try:
        return subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class FullDisk(CliTest):
    def on_small_disk(self, options, guest_arguments):
        """Runs the guest with a tmpfs of 64 KiB as /disk; `after` is a copy of what is on it then."""
        os.mkdir(self.path("disk"))
        guest = shlex.join(COMMAND + ["--dir", "disk::/disk", "--dir", ".::/in::ro", GUEST] + guest_arguments)
        script = f"mount -t tmpfs -o {options} none disk && {{ {guest}; status=$?; cp -r disk after; exit $status; }}"
        return subprocess.run(["unshare", "-rm", "sh", "-c", script], cwd=self.folder, capture_output=True, timeout=60)

    @unittest.skipUnless(may_mount(), "left out: no tmpfs can be mounted here")
    def test_writes_what_fits(self):
        content = os.urandom(200_000)
        self.file("input", content)
        result = self.on_small_disk("size=64k", ["copy", "/in/input", "/disk/output"])
        self.assertEqual((result.returncode, result.stderr),
                         (1, b"workload: /disk/output: No space left on device\n"))
        with open(self.path("after/output"), "rb") as output:
            self.assertEqual(output.read(), content[:65536])

    @unittest.skipUnless(may_mount(), "left out: no tmpfs can be mounted here")
    def test_has_no_room_for_more_files(self):
        result = self.on_small_disk("nr_inodes=10", ["create", "/disk/files", "100"])
        self.assertEqual((result.returncode, result.stderr),
                         (1, b"workload: /disk/files/file-000008: No space left on device\n"))
        self.assertEqual(sorted(os.listdir(self.path("after/files"))), [f"file-{i:06}" for i in range(8)])


@unittest.skipIf(len(COMMAND) > 1, "left out: an emulator makes calls of its own")
class FailingCalls(CliTest):
    def copy(self, injected, status, error):
        """Copies a file while strace makes system calls fail; returns what was copied."""
        content = os.urandom(50_000)
        self.file("input", content)
        strace = STRACE + ["-o", "calls", "-e", f"trace={injected.split(':')[0]}", "-e", f"inject={injected}"]
        run = subprocess.run(strace + COMMAND + ["--dir", ".", GUEST, "copy", "input", "output"],
                             cwd=self.folder, capture_output=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (status, error))
        if not os.path.exists(self.path("output")):
            return None
        with open(self.path("output"), "rb") as output:
            copied = output.read()
        self.assertEqual(copied, content[:len(copied)])
        return len(copied)

    WRITES = "write,writev,pwrite64,pwritev"

    def test_quota_is_reached_in_a_file(self):
        copied = self.copy(f"{self.WRITES}:error=EDQUOT:when=5", 1, b"workload: output: Quota exceeded\n")
        self.assertEqual(copied, 4 * 4096)

    def test_quota_has_no_room_for_a_file(self):
        copied = self.copy("openat2:error=EDQUOT:when=3+", 1, b"workload: output: Quota exceeded\n")
        self.assertIsNone(copied)

    def test_disk_is_broken(self):
        copied = self.copy(f"{self.WRITES}:error=EIO:when=2", 1, b"workload: output: I/O error\n")
        self.assertEqual(copied, 4096)

    def test_interruptions_are_not_seen(self):
        for calls in [self.WRITES, "read,readv,pread64,preadv"]:
            copied = self.copy(f"{calls}:error=EINTR:when=6+3", 0, b"")
            self.assertEqual(copied, 50_000)


class FileSizeLimit(CliTest):
    def test_is_an_error_and_no_signal(self):
        content = os.urandom(50_000)
        self.file("input", content)
        self.check("--dir", ".", GUEST, "copy", "input", "output", status=1,
                   stderr="workload: output: File too large",
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_480, 20_480)))
        with open(self.path("output"), "rb") as output:
            self.assertEqual(output.read(), content[:20_480])


if __name__ == "__main__":
    harness.main()
