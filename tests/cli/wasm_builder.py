"""Builds small WebAssembly modules in binary form (spec chapter 5), so that tests need no tools."""

I32, I64, F32, F64, V128, FUNCREF, EXTERNREF = 0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x70, 0x6F
FUNC, TABLE, MEMORY, GLOBAL = range(4)

# Instructions without immediates, and those that tests write with a helper below.
UNREACHABLE, END, DROP = b"\x00", b"\x0b", b"\x1a"
I32_ADD, I32_DIV_S = b"\x6a", b"\x6d"
LOOP_FOREVER = b"\x03\x40\x0c\x00\x0b"


def unsigned(n):
    out = bytearray()
    while True:
        out.append((n & 0x7F) | (0x80 if n > 0x7F else 0))
        n >>= 7
        if n == 0:
            return bytes(out)


def signed(n):
    out = bytearray()
    while True:
        byte = n & 0x7F
        n >>= 7
        if (n == 0 and not byte & 0x40) or (n == -1 and byte & 0x40):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def vector(items):
    return unsigned(len(items)) + b"".join(items)


def text(string):
    data = string if isinstance(string, bytes) else string.encode()
    return unsigned(len(data)) + data


def i32(n):
    return b"\x41" + signed(n)


def i64(n):
    return b"\x42" + signed(n)


def local_get(n):
    return b"\x20" + unsigned(n)


def call(n):
    return b"\x10" + unsigned(n)


def memory_grow():
    return b"\x40\x00"


def i32_load(offset=0):
    return b"\x28\x02" + unsigned(offset)


class Module:
    def __init__(self):
        self.types, self.imports, self.functions, self.codes = [], [], [], []
        self.memories, self.globals, self.exports, self.datas = [], [], [], []
        self.names, self.customs = {}, []
        self.start, self.module_name, self.imported = None, None, 0

    def type(self, params=(), results=()):
        encoded = b"\x60" + text(bytes(params)) + text(bytes(results))
        if encoded not in self.types:
            self.types.append(encoded)
        return self.types.index(encoded)

    def import_func(self, module, name, params=(), results=()):
        kind = b"\x00" + unsigned(self.type(params, results))
        self.imports.append(text(module) + text(name) + kind)
        self.imported += 1
        return self.imported - 1

    def import_memory(self, module, name, minimum):
        self.imports.append(text(module) + text(name) + b"\x02\x00" + unsigned(minimum))

    def import_shared_memory(self, module, name, minimum, maximum):
        self.imports.append(text(module) + text(name) + b"\x02\x03" + unsigned(minimum) +
                            unsigned(maximum))

    def import_global(self, module, name, kind):
        self.imports.append(text(module) + text(name) + bytes([3, kind, 0]))

    def func(self, body, params=(), results=(), locals=(), export=None, name=None):
        index = self.imported + len(self.functions)
        self.functions.append(unsigned(self.type(params, results)))
        code = vector([unsigned(1) + bytes([kind]) for kind in locals]) + body + END
        self.codes.append(text(code))
        if export is not None:
            self.export(export, FUNC, index)
        if name is not None:
            self.names[index] = name
        return index

    def memory(self, minimum=1, maximum=None, export="memory"):
        limits = b"\x00" + unsigned(minimum)
        if maximum is not None:
            limits = b"\x01" + unsigned(minimum) + unsigned(maximum)
        self.memories.append(limits)
        if export is not None:
            self.export(export, MEMORY, 0)

    def global_(self, kind, init, export=None):
        self.globals.append(bytes([kind, 0]) + init + END)
        if export is not None:
            self.export(export, GLOBAL, len(self.globals) - 1)

    def export(self, name, kind, index):
        self.exports.append(text(name) + bytes([kind]) + unsigned(index))

    def data(self, address, content):
        self.datas.append(b"\x00" + i32(address) + END + text(content))

    def custom(self, name, content):
        self.customs.append(text(name) + content)

    def name_section(self):
        parts = b""
        if self.module_name is not None:
            parts += b"\x00" + text(text(self.module_name))
        if self.names:
            entries = [unsigned(i) + text(n) for i, n in sorted(self.names.items())]
            parts += b"\x01" + text(vector(entries))
        return text("name") + parts

    def bytes(self):
        out = b"\0asm\x01\0\0\0"

        def section(id, content):
            return bytes([id]) + text(content)

        for id, items in [(1, self.types), (2, self.imports), (3, self.functions), (5, self.memories),
                          (6, self.globals), (7, self.exports)]:
            if items:
                out += section(id, vector(items))
        if self.start is not None:
            out += section(8, unsigned(self.start))
        for id, items in [(10, self.codes), (11, self.datas)]:
            if items:
                out += section(id, vector(items))
        if self.names or self.module_name is not None:
            out += section(0, self.name_section())
        for custom in self.customs:
            out += section(0, custom)
        return out


# --- guests ---

WASI = "wasi_snapshot_preview1"


def program(body, imports=(), **kwargs):
    """A command: a memory, and `body` as its _start; `imports` are WASI functions, from index 0."""
    module = Module()
    for name, params in imports:
        module.import_func(WASI, name, params, () if name == "proc_exit" else (I32,))
    module.memory()
    module.func(body, export="_start", **kwargs)
    return module


def exits_with(status):
    return program(i32(status) + call(0), [("proc_exit", (I32,))]).bytes()


def prints_strings(what):
    """Writes its arguments ("args") or environment ("environ") to stdout, each with a final NUL."""
    two = (I32, I32)
    return program(
        i32(0) + i32(4) + call(0) + DROP +
        i32(16) + i32(32768) + call(1) + DROP +
        # an iovec at 8: address 32768, and the size that is at 4
        i32(8) + i32(32768) + b"\x36\x02\x00" +
        i32(12) + i32(4) + i32_load() + b"\x36\x02\x00" +
        i32(1) + i32(8) + i32(1) + i32(0) + call(2) + DROP,
        [(what + "_sizes_get", two), (what + "_get", two), ("fd_write", (I32,) * 4)]).bytes()


def writes(content, fd=1):
    """Writes to a descriptor and exits with the errno."""
    module = program(
        i32(8) + i32(64) + b"\x36\x02\x00" + i32(12) + i32(len(content)) + b"\x36\x02\x00" +
        i32(fd) + i32(8) + i32(1) + i32(0) + call(1) + call(0),
        [("proc_exit", (I32,)), ("fd_write", (I32,) * 4)])
    module.data(64, content)
    return module.bytes()


def reads_stdin():
    """Reads once and exits with the errno."""
    return program(
        i32(8) + i32(64) + b"\x36\x02\x00" + i32(12) + i32(100) + b"\x36\x02\x00" +
        i32(0) + i32(8) + i32(1) + i32(0) + call(1) + call(0),
        [("proc_exit", (I32,)), ("fd_read", (I32,) * 4)]).bytes()


def sleeps(nanoseconds):
    """One poll_oneoff on the monotonic clock; exits with the errno."""
    module = program(
        i32(16) + i32(128) + i32(1) + i32(0) + call(1) + call(0),
        [("proc_exit", (I32,)), ("poll_oneoff", (I32,) * 4)])
    subscription = bytearray(48)
    subscription[16] = 1
    subscription[24:32] = nanoseconds.to_bytes(8, "little")
    module.data(16, bytes(subscription))
    return module.bytes()


OFLAGS_CREAT, RIGHT_READ, RIGHT_WRITE = 1, 2, 64


def opens(path, oflags=0, rights=RIGHT_READ):
    """path_open below descriptor 3; exits with the errno."""
    module = program(
        i32(3) + i32(0) + i32(64) + i32(len(path)) + i32(oflags) + i64(rights) + i64(0) + i32(0) +
        i32(0) + call(1) + call(0),
        [("proc_exit", (I32,)), ("path_open", (I32, I32, I32, I32, I32, I64, I64, I32, I32))])
    module.data(64, path)
    return module.bytes()


def creates_and_writes(path, content, fd):
    """Creates a file below descriptor 3, then writes to `fd` and exits with the errno of that."""
    module = program(
        i32(3) + i32(0) + i32(64) + i32(len(path)) + i32(OFLAGS_CREAT) + i64(RIGHT_WRITE) + i64(0) +
        i32(0) + i32(0) + call(1) + DROP +
        i32(8) + i32(1024) + b"\x36\x02\x00" + i32(12) + i32(len(content)) + b"\x36\x02\x00" +
        i32(fd) + i32(8) + i32(1) + i32(0) + call(2) + call(0),
        [("proc_exit", (I32,)), ("path_open", (I32, I32, I32, I32, I32, I64, I64, I32, I32)),
         ("fd_write", (I32,) * 4)])
    module.data(64, path)
    module.data(1024, content)
    return module.bytes()


def loops():
    return program(LOOP_FOREVER).bytes()


def recurses():
    return program(call(0), name="deep").bytes()
