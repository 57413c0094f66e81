"""Guests that accept connections (--tcplisten)."""

import socket
import subprocess
import time

import harness
from harness import COMMAND, CliTest
from wasm_builder import *

ANY = (I32,) * 4


def greeter(fd):
    """Accepts one connection on `fd`, sends "hello" and exits with the errno."""
    module = program(
        i32(fd) + i32(0) + i32(32) + call(1) + DROP +
        i32(8) + i32(64) + b"\x36\x02\x00" + i32(12) + i32(5) + b"\x36\x02\x00" +
        i32(32) + i32_load() + i32(8) + i32(1) + i32(0) + i32(36) + call(2) + call(0),
        [("proc_exit", (I32,)), ("sock_accept", (I32,) * 3), ("sock_send", (I32,) * 5)])
    module.data(64, b"hello")
    return module.bytes()


def free_port(family, host):
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


class Listening(CliTest):
    def greet(self, family, host, written, fd, *options):
        port = free_port(family, host)
        self.file("greeter.wasm", greeter(fd))
        process = subprocess.Popen(
            COMMAND + [*options, "--tcplisten", f"{written}:{port}", "greeter.wasm"], cwd=self.folder)
        self.addCleanup(process.kill)
        for _ in range(200):
            with socket.socket(family) as client:
                if client.connect_ex((host, port)) == 0:
                    self.assertEqual(client.recv(16), b"hello")
                    break
            time.sleep(0.05)
        self.assertEqual(process.wait(60), 0)

    def test_ipv4(self):
        self.greet(socket.AF_INET, "127.0.0.1", "127.0.0.1", 3)

    def test_ipv6(self):
        try:
            free_port(socket.AF_INET6, "::1")
        except OSError:
            return  # a machine without
        self.greet(socket.AF_INET6, "::1", "[::1]", 3)

    def test_comes_after_directories(self):
        self.greet(socket.AF_INET, "127.0.0.1", "127.0.0.1", 4, "--dir", ".::/")

    def test_refusals_name_the_address(self):
        self.file("greeter.wasm", greeter(3))
        for address in ["localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", ""]:
            self.check("--tcplisten", address, "greeter.wasm", status=2, stderr=f"'{address}'")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.check("--tcplisten", address, "greeter.wasm", status=1,
                       stderr=f"cannot listen on '{address}'")


if __name__ == "__main__":
    harness.main()
