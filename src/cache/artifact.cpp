#include "cache/artifact.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/assert.hpp"
#include "cache/compression.hpp"

namespace wrun::cache {
namespace {

std::unexpected<Error> damaged(const char* what) {
  return fail(Error::Kind::Malformed, std::string("the file is damaged: ") + what);
}

bool is_mapped(Section section) { return section == Section::Code || section == Section::Memory; }

// Of what the section is made up.
size_t entry_bytes(Section section, Machine machine) {
  switch (section) {
    case Section::Functions: return sizeof(codegen::PlacedFunction);
    case Section::Traps:     return sizeof(codegen::PlacedTrap);
    case Section::Calls:     return sizeof(codegen::PlacedCall);
    case Section::Landings:  return sizeof(codegen::PlacedLanding);
    case Section::Inlined:   return sizeof(codegen::PlacedInlinedSite);
    case Section::Callees:   return sizeof(wasm::InlinedCall);
    case Section::Regions:   return sizeof(wasm::CatchTableView::Region);
    case Section::Clauses:   return sizeof(wasm::CatchTableView::Clause);
    case Section::Stubs:     return sizeof(StubEntry);
    case Section::Bodies:    return sizeof(wasm::ModuleSource::Body);
    case Section::Code:
    case Section::Memory:    return page_bytes(machine);
    case Section::Module:
    case Section::Wasm:      return 1;
  }
  return 1;
}

}  // namespace

bool is_artifact(std::span<const std::byte> bytes) {
  return bytes.size() >= kMagic.size() &&
         std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

Hash content_hash(std::span<const std::byte> file) {
  return hash_of({file.first(offsetof(Header, content)), file.subspan(offsetof(Header, wasm))});
}

Result<std::shared_ptr<const Artifact>> Artifact::open(std::shared_ptr<const MappedFile> file,
                                                       Known* known) {
  if (file->bytes().size() < sizeof(Header))
    return damaged("it is no regular file with a whole header");
  std::shared_ptr<Artifact> artifact(new Artifact(std::move(file)));
  const struct stat& status = artifact->file_->status();
  WRUN_CHECK_OK(artifact->check_header());
  if (artifact->file_->descriptor() < 0 || !S_ISREG(status.st_mode))
    return fail(Error::Kind::Unsupported,
                "compiled code runs from a file, not from the standard input");
  artifact->find_code();
  const Hash& content = artifact->header().content;
  if (known != nullptr && known->contains(status, content)) return artifact;
  if (content_hash(artifact->bytes_) != content)
    return damaged("its contents are not what their hash says");
  WRUN_CHECK_OK(artifact->check_tables());
  if (known != nullptr) known->add(status, content);
  return artifact;
}

Result<std::shared_ptr<const Artifact>> Artifact::from_bytes(std::span<const std::byte> bytes) {
  UniqueFd file(::memfd_create("wrun-artifact", MFD_CLOEXEC));
  struct stat status;
  if (!file || write_all(file.get(), bytes) != 0 || ::lseek(file.get(), 0, SEEK_SET) != 0 ||
      ::fstat(file.get(), &status) != 0)
    return fail(Error::Kind::Io,
                std::string("cannot make a file in memory: ") + std::strerror(errno));
  return open(WRUN_TRY(MappedFile::of(std::move(file), status)), nullptr);
}

Result<void> Artifact::check_header() const {
  const Header& header = this->header();
  if (header.magic != kMagic) return fail(Error::Kind::Malformed, "this is no compiled module");
  if (header.version != kFormatVersion)
    return fail(Error::Kind::Malformed,
                "the file has version " + std::to_string(header.version) +
                    " of the format of compiled modules; this wrun reads version " +
                    std::to_string(kFormatVersion));
  if (header.file_bytes != bytes_.size())
    return damaged(header.file_bytes > bytes_.size() ? "it ends too early" : "it is too long");
  for (size_t i = 0; i < kSections; ++i) {
    const Extent& extent = header.sections[i];
    if (extent.offset > bytes_.size() || extent.size > bytes_.size() - extent.offset)
      return damaged("a section lies beyond its end");
    const auto section = static_cast<Section>(i);
    const size_t entry = entry_bytes(section, header.target.machine);
    if (extent.size % entry != 0 || extent.offset % (is_mapped(section) ? entry : 16) != 0)
      return damaged("a section is not of whole entries");
  }
  if (header.functions_bytes > header.section(Section::Code).size)
    return damaged("there is less code than it says");
  return {};
}

void Artifact::find_code() {
  code_ = {
      .file = file_->descriptor(),
      .file_offset = header().section(Section::Code).offset,
      .code_bytes = header().section(Section::Code).size,
      .functions_bytes = header().functions_bytes,
      .guarded_memory0 = header().target.guarded_memory0 != 0,
      .memory = {.file_offset = header().section(Section::Memory).offset,
                 .memory_offset = header().memory_offset,
                 .bytes = header().section(Section::Memory).size},
      .tables = {.functions = table<codegen::PlacedFunction>(Section::Functions),
                 .traps = table<codegen::PlacedTrap>(Section::Traps),
                 .calls = table<codegen::PlacedCall>(Section::Calls),
                 .landings = table<codegen::PlacedLanding>(Section::Landings),
                 .inlined_sites = table<codegen::PlacedInlinedSite>(Section::Inlined),
                 .inlined_calls = table<wasm::InlinedCall>(Section::Callees),
                 .regions = table<wasm::CatchTableView::Region>(Section::Regions),
                 .clauses = table<wasm::CatchTableView::Clause>(Section::Clauses)},
      .stubs = table<StubEntry>(Section::Stubs),
  };
}

Result<void> Artifact::check_tables() const {
  const codegen::CodeTables& tables = code_.tables;
  codegen::PlacedFunction before;
  for (const codegen::PlacedFunction& function : tables.functions) {
    const bool ascending =
        function.offset >= before.offset &&
        (&function == tables.functions.data() || function.function_index > before.function_index) &&
        function.first_trap >= before.first_trap && function.first_call >= before.first_call &&
        function.first_landing >= before.first_landing;
    const bool inside = function.offset < code_.functions_bytes &&
                        function.instruction_bytes <= code_.functions_bytes - function.offset &&
                        function.first_trap <= tables.traps.size() &&
                        function.first_call <= tables.calls.size() &&
                        function.first_landing <= tables.landings.size() &&
                        function.first_inlined_site <= tables.inlined_sites.size() &&
                        function.first_inlined_call <= tables.inlined_calls.size() &&
                        function.first_region <= tables.regions.size() &&
                        function.first_clause <= tables.clauses.size();
    const bool of_module = function.function_index < UINT32_MAX && function.entry_loop == 0;
    if (!ascending || !inside || !of_module) return damaged("a function lies where it cannot");
    before = function;
  }
  for (const StubEntry& stub : code_.stubs)
    if (stub.by_reference >= code_.code_bytes) return damaged("a stub lies where it cannot");
  return {};
}

std::span<const std::byte> Artifact::bytes() const {
  std::call_once(decompressing_,
                 [this] { wasm_ = decompress(section(Section::Wasm), header().wasm_bytes); });
  if (wasm_ == nullptr) return {};
  return {wasm_.get(), header().wasm_bytes};
}

}  // namespace wrun::cache
