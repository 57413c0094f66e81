// The two ways in which Linux' perf hears of code that is made at run time: tools/perf/Documentation/
// jit-interface.txt and jitdump-specification.txt of the kernel.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cinttypes>
#include <ctime>

#include "engine/code_symbols.hpp"

namespace wrun::engine {

namespace {

using Tell = std::function<void(std::string_view)>;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// Never through a link that somebody else has put there.
File create(const std::string& path, const Tell& tell) {
  ::unlink(path.c_str());
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  File file(fd < 0 ? nullptr : ::fdopen(fd, "w+"), std::fclose);
  if (file == nullptr) tell("warning: cannot write `" + path + "`\n");
  return file;
}

class PerfMap final : public SymbolConsumer {
 public:
  explicit PerfMap(File file) : file_(std::move(file)) {}

  void add(const CodeBatch&, const std::vector<CodeSymbol>& symbols) override {
    for (const CodeSymbol& symbol : symbols)
      std::fprintf(file_.get(), "%" PRIxPTR " %" PRIx32 " %s\n",
                   reinterpret_cast<uintptr_t>(symbol.code), symbol.bytes, symbol.name.c_str());
    std::fflush(file_.get());
  }

 private:
  File file_;
};

uint64_t now() {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

class JitDump final : public SymbolConsumer {
 public:
  explicit JitDump(File file) : file_(std::move(file)) {
    const Header header = {.pid = static_cast<uint32_t>(::getpid()), .timestamp = now()};
    write(&header, sizeof(header));
    std::fflush(file_.get());
    // What perf finds the file by is that it is mapped as code.
    page_bytes_ = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    mark_ =
        ::mmap(nullptr, page_bytes_, PROT_READ | PROT_EXEC, MAP_PRIVATE, ::fileno(file_.get()), 0);
  }
  ~JitDump() override {
    if (mark_ != MAP_FAILED) ::munmap(mark_, page_bytes_);
  }

  void add(const CodeBatch&, const std::vector<CodeSymbol>& symbols) override {
    for (const CodeSymbol& symbol : symbols) {
      const size_t name_bytes = symbol.name.size() + 1;
      const auto address = reinterpret_cast<uint64_t>(symbol.code);
      const CodeLoad record = {
          .total_bytes = static_cast<uint32_t>(sizeof(CodeLoad) + name_bytes + symbol.bytes),
          .timestamp = now(),
          .pid = static_cast<uint32_t>(::getpid()),
          .tid = static_cast<uint32_t>(::syscall(SYS_gettid)),
          .vma = address,
          .address = address,
          .bytes = symbol.bytes,
          .index = next_index_++};
      write(&record, sizeof(record));
      write(symbol.name.c_str(), name_bytes);
      write(symbol.code, symbol.bytes);
    }
    std::fflush(file_.get());
  }

 private:
  struct Header {
    uint32_t magic = 0x4a695444;
    uint32_t version = 1;
    uint32_t bytes = sizeof(Header);
    uint32_t machine = elf_machine(codegen::kNativeMachine);
    uint32_t padding = 0;
    uint32_t pid = 0;
    uint64_t timestamp = 0;
    uint64_t flags = 0;
  };
  struct CodeLoad {
    uint32_t id = 0;  // JIT_CODE_LOAD
    uint32_t total_bytes = 0;
    uint64_t timestamp = 0;
    uint32_t pid = 0;
    uint32_t tid = 0;
    uint64_t vma = 0;
    uint64_t address = 0;
    uint64_t bytes = 0;
    uint64_t index = 0;
  };
  static_assert(sizeof(Header) == 40 && sizeof(CodeLoad) == 56);

  void write(const void* data, size_t bytes) { std::fwrite(data, 1, bytes, file_.get()); }

  File file_;
  void* mark_ = MAP_FAILED;
  size_t page_bytes_ = 0;
  uint64_t next_index_ = 0;
};

}  // namespace

std::unique_ptr<SymbolConsumer> make_perf_map(const Tell& tell) {
  File file = create("/tmp/perf-" + std::to_string(::getpid()) + ".map", tell);
  return file == nullptr ? nullptr : std::make_unique<PerfMap>(std::move(file));
}

std::unique_ptr<SymbolConsumer> make_jitdump(const Tell& tell) {
  File file = create("jit-" + std::to_string(::getpid()) + ".dump", tell);
  return file == nullptr ? nullptr : std::make_unique<JitDump>(std::move(file));
}

}  // namespace wrun::engine
