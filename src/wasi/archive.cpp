#include "wasi/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/printable.hpp"
#include "wasi/nanoseconds.hpp"

namespace wrun::wasi {

bool may_be_archive(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

namespace {

using NodeRef = std::shared_ptr<TreeNode>;

// "./a//b/" is a, b. Empty: the path leads out.
std::optional<std::vector<std::string>> components(std::string_view path) {
  std::vector<std::string> result;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    if (name == ".." || name.size() > NAME_MAX) return std::nullopt;
    if (!name.empty() && name != ".") result.emplace_back(name);
    begin = end + 1;
  }
  return result;
}

class Reader {
 public:
  Reader(const std::string& path, MemoryTree& tree)
      : path_(path), tree_(tree), archive_(::archive_read_new()) {}
  ~Reader() { ::archive_read_free(archive_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<void> read() {
    constexpr size_t kBlock = 64 * 1024;
    ::archive_read_support_format_tar(archive_);
    ::archive_read_support_filter_zstd(archive_);
    if (::archive_read_open_filename(archive_, path_.c_str(), kBlock) != ARCHIVE_OK)
      return failed(library_error());
    for (;;) {
      archive_entry* entry = nullptr;
      const int status = ::archive_read_next_header(archive_, &entry);
      if (status == ARCHIVE_EOF) return {};
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return failed(library_error());
      WRUN_CHECK_OK(add(entry));
    }
  }

 private:
  std::string library_error() {
    const char* text = ::archive_error_string(archive_);
    return text ? printable(text) : "it is damaged";
  }
  std::unexpected<Error> failed(const std::string& reason) {
    return fail(Error::Kind::Malformed, "cannot use '" + printable(path_) +
                                            "' as a directory or an archive (tar): " + reason);
  }

  Result<void> add(archive_entry* entry) {
    const char* text = ::archive_entry_pathname_utf8(entry);
    if (!text) text = ::archive_entry_pathname(entry);
    const auto names = components(text ? text : "..");
    if (!names) return failed("it has a name that leads out of it or is too long");
    if (names->empty()) return {};  // the root
    TreeNode* directory = directory_of(*names);
    const std::string& name = names->back();
    if (!directory) return failed("'" + printable(text) + "' is in something that is no directory");

    NodeRef node = WRUN_TRY(node_for(entry, *directory, name));
    if (!node) return {};
    if (node->type == Filetype::RegularFile && !::archive_entry_hardlink(entry))
      WRUN_CHECK_OK(read_contents(*node));
    if (const auto seconds = ::archive_entry_mtime(entry); seconds > 0)
      node->modified = to_nanoseconds({seconds, ::archive_entry_mtime_nsec(entry)});
    return {};
  }

  // The node for an entry, in its place; null for kinds that a guest could do nothing with.
  Result<NodeRef> node_for(archive_entry* entry, TreeNode& directory, const std::string& name) {
    const auto existing = directory.children.find(name);
    NodeRef node;
    if (const char* original = ::archive_entry_hardlink(entry)) {
      node = find(original);
      if (!node || node->is_directory()) return failed("a link in it leads nowhere");
    } else {
      switch (::archive_entry_filetype(entry)) {
        case AE_IFDIR:
          if (existing != directory.children.end() && existing->second.node->is_directory())
            return existing->second.node;
          node = make(Filetype::Directory);
          break;
        case AE_IFREG: node = make(Filetype::RegularFile); break;
        case AE_IFLNK:
          node = make(Filetype::SymbolicLink);
          if (const char* target = ::archive_entry_symlink(entry); node && target)
            node->target = target;
          break;
        default: return nullptr;
      }
    }
    if (!node) return failed("it has too many entries");
    // As when unpacking, a later entry of a name replaces an earlier one.
    if (existing != directory.children.end()) {
      if (existing->second.node->is_directory()) return failed("a file in it replaces a directory");
      tree_.remove(directory, name);
    }
    tree_.insert(directory, name, node);
    return node;
  }

  Result<void> read_contents(TreeNode& node) {
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    for (;;) {
      const int status = ::archive_read_data_block(archive_, &block, &size, &offset);
      if (status == ARCHIVE_EOF) return {};
      if (status != ARCHIVE_OK) return failed(library_error());
      const auto begin = static_cast<uint64_t>(offset);
      if (offset < 0 || begin + size > node.contents.size()) {
        if (offset < 0 || node.resize(begin + size) != Errno::Success)
          return failed("it is larger than " + std::to_string(node.use->limits.bytes) + " bytes");
      }
      std::copy_n(static_cast<const std::byte*>(block), size, node.contents.begin() + offset);
    }
  }

  NodeRef make(Filetype type) { return tree_.make(type).value_or(nullptr); }

  // Where the last of the names belongs; directories that have no entry of their own are made.
  TreeNode* directory_of(const std::vector<std::string>& names) {
    TreeNode* directory = tree_.root().get();
    for (size_t i = 0; i + 1 < names.size(); ++i) {
      const auto found = directory->children.find(names[i]);
      if (found == directory->children.end()) {
        NodeRef made = make(Filetype::Directory);
        if (!made) return nullptr;
        TreeNode* next = made.get();
        tree_.insert(*directory, names[i], std::move(made));
        directory = next;
      } else if (found->second.node->is_directory()) {
        directory = found->second.node.get();
      } else {
        return nullptr;
      }
    }
    return directory;
  }

  NodeRef find(std::string_view path) {
    const auto names = components(path);
    NodeRef node = tree_.root();
    for (const std::string& name : names.value_or(std::vector<std::string>{""})) {
      const auto found = node->children.find(name);
      if (found == node->children.end()) return nullptr;
      node = found->second.node;
    }
    return node;
  }

  const std::string& path_;
  MemoryTree& tree_;
  archive* archive_;
};

}  // namespace

Result<void> read_archive(const std::string& path, MemoryTree& tree) {
  return Reader(path, tree).read();
}

}  // namespace wrun::wasi
