// Files and directories of a MemoryTree, and the errors that Linux gives for each misuse.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "wasi/memory_tree.hpp"
#include "wasi/nanoseconds.hpp"

namespace wrun::wasi {
namespace {

using NodeRef = std::shared_ptr<TreeNode>;
using TreeRef = std::shared_ptr<MemoryTree>;
using Place = MemoryTree::Place;
using Last = MemoryTree::Last;

Metadata describe(const MemoryTree& tree, const TreeNode& node) {
  return {.device = tree.device(),
          .inode = node.inode,
          .type = node.type,
          .links = node.links,
          .size = node.is_symlink() ? node.target.size() : node.contents.size(),
          .accessed = node.accessed,
          .modified = node.modified,
          .changed = node.changed};
}

void apply(const Times& times, uint64_t now, TreeNode& node) {
  const auto choose = [&](const timespec& time, uint64_t& out) {
    if (time.tv_nsec == UTIME_OMIT) return;
    out = time.tv_nsec == UTIME_NOW ? now : to_nanoseconds(time);
  };
  choose(times[0], node.accessed);
  choose(times[1], node.modified);
  node.changed = now;
}

class MemoryFile final : public File {
 public:
  MemoryFile(TreeRef tree, NodeRef node, bool append)
      : tree_(std::move(tree)), node_(std::move(node)), append_(append) {}
  ~MemoryFile() override {
    const std::lock_guard lock(tree_->mutex());
    node_.reset();
  }

  Expected<uint64_t> read(std::span<const iovec> into, const uint64_t* offset) override {
    const std::lock_guard lock(tree_->mutex());
    const auto& contents = node_->contents;
    uint64_t at = offset ? *offset : position_;
    uint64_t done = 0;
    for (const iovec& piece : into) {
      const uint64_t left = at < contents.size() ? contents.size() - at : 0;
      const uint64_t size = std::min<uint64_t>(piece.iov_len, left);
      if (size == 0) break;
      std::memcpy(piece.iov_base, &contents[at], size);
      at += size;
      done += size;
    }
    if (!offset) position_ = at;
    return done;
  }

  Expected<uint64_t> write(std::span<const iovec> from, const uint64_t* offset) override {
    const std::lock_guard lock(tree_->mutex());
    auto& contents = node_->contents;
    uint64_t at = append_ ? contents.size() : offset ? *offset : position_;
    uint64_t done = 0;
    for (const iovec& piece : from) {
      uint64_t end = 0;
      if (__builtin_add_overflow(at, piece.iov_len, &end)) return std::unexpected(Errno::Fbig);
      if (end > contents.size()) {
        if (const Errno error = node_->resize(end); error != Errno::Success) {
          if (done == 0) return std::unexpected(error);
          break;
        }
      }
      std::memcpy(&contents[at], piece.iov_base, piece.iov_len);
      at = end;
      done += piece.iov_len;
    }
    if (!offset) position_ = at;
    if (done > 0) node_->modified = node_->changed = tree_->now();
    return done;
  }

  Expected<uint64_t> seek(int64_t offset, int whence) override {
    const std::lock_guard lock(tree_->mutex());
    const uint64_t base = whence == SEEK_SET   ? 0
                          : whence == SEEK_CUR ? position_
                                               : node_->contents.size();
    int64_t target = 0;
    if (__builtin_add_overflow(static_cast<int64_t>(base), offset, &target) || target < 0)
      return std::unexpected(Errno::Inval);
    position_ = static_cast<uint64_t>(target);
    return position_;
  }

  Expected<Metadata> metadata() override {
    const std::lock_guard lock(tree_->mutex());
    return describe(*tree_, *node_);
  }

  Errno set_times(const Times& times) override {
    const std::lock_guard lock(tree_->mutex());
    apply(times, tree_->now(), *node_);
    return Errno::Success;
  }

  Errno set_size(uint64_t size) override {
    const std::lock_guard lock(tree_->mutex());
    if (size > INT64_MAX) return Errno::Inval;
    WRUN_WASI_CHECK(node_->resize(size));
    node_->modified = node_->changed = tree_->now();
    return Errno::Success;
  }

  Errno allocate(uint64_t offset, uint64_t size) override {
    const std::lock_guard lock(tree_->mutex());
    uint64_t end = 0;
    if (size == 0) return Errno::Inval;
    if (__builtin_add_overflow(offset, size, &end) || end > INT64_MAX) return Errno::Fbig;
    return end > node_->contents.size() ? node_->resize(end) : Errno::Success;
  }

  Errno advise(uint64_t, uint64_t, int) override { return Errno::Success; }

  Errno set_flags(uint32_t flags) override {
    append_ = flags & fdflags::kAppend;
    return Errno::Success;
  }

 private:
  TreeRef tree_;
  NodeRef node_;
  uint64_t position_ = 0;  // guarded by the tree's mutex
  std::atomic<bool> append_;
};

class MemoryDirectory final : public Directory {
 public:
  MemoryDirectory(TreeRef tree, NodeRef node) : tree_(std::move(tree)), node_(std::move(node)) {}
  ~MemoryDirectory() override {
    const std::lock_guard lock(tree_->mutex());
    node_.reset();
  }

  const void* volume() const override { return tree_.get(); }

  Expected<Metadata> metadata() override {
    const std::lock_guard lock(tree_->mutex());
    return describe(*tree_, *node_);
  }

  Errno set_times(const Times& times) override {
    const std::lock_guard lock(tree_->mutex());
    apply(times, tree_->now(), *node_);
    return Errno::Success;
  }

  Expected<std::optional<Entry>> entry_at(uint64_t cookie) override {
    const std::lock_guard lock(tree_->mutex());
    if (cookie < kFirstChild)
      return Entry{cookie + 1, node_->inode, Filetype::Directory, cookie == 0 ? "." : ".."};
    const auto at = node_->names.lower_bound(cookie - kFirstChild);
    if (at == node_->names.end()) return std::nullopt;
    const TreeNode& child = *node_->children.find(at->second)->second.node;
    listed_name_ = at->second;
    return Entry{at->first + kFirstChild + 1, child.inode, child.type, listed_name_};
  }

  Expected<Opened> open(const GuestPath& path, const OpenRequest& request) override {
    const std::lock_guard lock(tree_->mutex());
    const bool creates = request.oflags & oflags::kCreat;
    const bool exclusive = creates && (request.oflags & oflags::kExcl);
    const bool truncates = request.oflags & oflags::kTrunc;
    const Place place = WRUN_WASI_TRY(
        at(path, request.follow && !exclusive ? Last::Follow : Last::NoFollow, creates));
    if (place.node && exclusive) return std::unexpected(Errno::Exist);
    NodeRef node = place.node;
    if (!node) {
      if (!creates) return std::unexpected(Errno::Noent);
      node = WRUN_WASI_TRY(add(place, Filetype::RegularFile));
    }
    if (node->is_directory()) {
      if (creates || request.writable || truncates) return std::unexpected(Errno::Isdir);
      return Opened{std::make_unique<MemoryDirectory>(tree_, node), node->type};
    }
    if (place.slashes_follow || (request.oflags & oflags::kDirectory))
      return std::unexpected(Errno::Notdir);
    if (node->is_symlink()) return std::unexpected(Errno::Loop);
    if (truncates) {
      WRUN_WASI_CHECK(node->resize(0));
      node->modified = node->changed = tree_->now();
    }
    return Opened{std::make_unique<MemoryFile>(tree_, node, request.fdflags & fdflags::kAppend),
                  node->type};
  }

  Expected<Metadata> metadata_of(const GuestPath& path, bool follow) override {
    const std::lock_guard lock(tree_->mutex());
    return describe(*tree_, *WRUN_WASI_TRY(existing(path, follow)));
  }

  Errno set_times_of(const GuestPath& path, bool follow, const Times& times) override {
    const std::lock_guard lock(tree_->mutex());
    apply(times, tree_->now(), *WRUN_WASI_TRY(existing(path, follow)));
    return Errno::Success;
  }

  Expected<uint64_t> read_link(const GuestPath& path, std::span<std::byte> out) override {
    const std::lock_guard lock(tree_->mutex());
    const NodeRef node = WRUN_WASI_TRY(existing(path, false));
    if (!node->is_symlink()) return std::unexpected(Errno::Inval);
    const uint64_t size = std::min(out.size(), node->target.size());
    std::memcpy(out.data(), node->target.data(), size);
    return size;
  }

  Errno make_directory(const GuestPath& path) override {
    const std::lock_guard lock(tree_->mutex());
    const Place place = WRUN_WASI_TRY(at(path, Last::Keep));
    if (place.node) return Errno::Exist;
    WRUN_WASI_TRY(add(place, Filetype::Directory));
    return Errno::Success;
  }

  Errno make_symlink(const GuestPath& target, const GuestPath& path) override {
    const std::lock_guard lock(tree_->mutex());
    const Place place = WRUN_WASI_TRY(at(path, Last::Keep));
    if (place.node && place.slashes_follow) {
      WRUN_WASI_TRY(existing(path, false));
      return Errno::Exist;
    }
    if (place.node) return Errno::Exist;
    if (place.slashes_follow) return Errno::Noent;
    WRUN_WASI_TRY(add(place, Filetype::SymbolicLink))->target = target.view();
    return Errno::Success;
  }

  Errno remove_file(const GuestPath& path) override {
    const std::lock_guard lock(tree_->mutex());
    const Place place = WRUN_WASI_TRY(at(path, Last::Keep));
    if (!place.node) return Errno::Noent;
    if (place.node->is_directory()) return Errno::Isdir;
    if (place.slashes_follow) return Errno::Notdir;
    tree_->remove(*place.parent, place.name);
    return Errno::Success;
  }

  Errno remove_directory(const GuestPath& path) override {
    const std::lock_guard lock(tree_->mutex());
    const Place place = WRUN_WASI_TRY(at(path, Last::Keep));
    if (!place.parent) return Errno::Inval;
    if (!place.node) return Errno::Noent;
    if (!place.node->is_directory()) return Errno::Notdir;
    if (!place.node->children.empty()) return Errno::Notempty;
    tree_->remove(*place.parent, place.name);
    return Errno::Success;
  }

  Errno rename(const GuestPath& path, Directory& to, const GuestPath& new_path) override {
    const std::lock_guard lock(tree_->mutex());
    const Place source = WRUN_WASI_TRY(at(path, Last::Keep));
    const Place target = WRUN_WASI_TRY(static_cast<MemoryDirectory&>(to).at(new_path, Last::Keep));
    if (!source.parent || !target.parent) return Errno::Busy;
    const NodeRef node = source.node;
    if (!node) return Errno::Noent;
    if (!node->is_directory() && (source.slashes_follow || target.slashes_follow))
      return Errno::Notdir;
    if (is_above(node, target)) return Errno::Inval;
    if (target.node && is_above(target.node, source)) return Errno::Notempty;
    if (target.parent->links == 0) return Errno::Noent;
    if (target.node == node) return Errno::Success;
    if (target.node) {
      if (node->is_directory() && !target.node->is_directory()) return Errno::Notdir;
      if (!node->is_directory() && target.node->is_directory()) return Errno::Isdir;
      if (!target.node->children.empty()) return Errno::Notempty;
      tree_->remove(*target.parent, target.name);
    }
    tree_->remove(*source.parent, source.name);
    node->links += node->is_directory();
    tree_->insert(*target.parent, target.name, node);
    return Errno::Success;
  }

  Errno link(const GuestPath& path, Directory& to, const GuestPath& new_path) override {
    const std::lock_guard lock(tree_->mutex());
    const Place source = WRUN_WASI_TRY(at(path, Last::NoFollow));
    if (source.slashes_follow) WRUN_WASI_TRY(present(source));
    const Place target = WRUN_WASI_TRY(static_cast<MemoryDirectory&>(to).at(new_path, Last::Keep));
    const NodeRef node = WRUN_WASI_TRY(present(source));
    if (target.node) return Errno::Exist;
    if (target.slashes_follow || target.parent->links == 0) return Errno::Noent;
    if (node->is_directory()) return Errno::Perm;
    tree_->insert(*target.parent, target.name, node);
    return Errno::Success;
  }

 private:
  static constexpr uint64_t kFirstChild = 2;

  Expected<Place> at(const GuestPath& path, Last last, bool creates = false) {
    return tree_->resolve(node_, path.view(), last, creates);
  }

  Expected<NodeRef> existing(const GuestPath& path, bool follow) {
    return present(WRUN_WASI_TRY(at(path, follow ? Last::Follow : Last::NoFollow)));
  }

  static Expected<NodeRef> present(const Place& place) {
    if (!place.node) return std::unexpected(Errno::Noent);
    if (place.slashes_follow && !place.node->is_directory()) return std::unexpected(Errno::Notdir);
    return place.node;
  }

  // A new entry, unless its directory was removed.
  Expected<NodeRef> add(const Place& place, Filetype type) {
    if (place.parent->links == 0) return std::unexpected(Errno::Noent);
    NodeRef node = WRUN_WASI_TRY(tree_->make(type));
    tree_->insert(*place.parent, place.name, node);
    return node;
  }

  // Whether `node` is the directory that the place's entry is in, or one above it.
  bool is_above(const NodeRef& node, const Place& place) {
    if (!node->is_directory()) return false;
    std::vector<const TreeNode*> below = {node.get()};
    while (!below.empty()) {
      const TreeNode* next = below.back();
      below.pop_back();
      if (next == place.parent.get()) return true;
      for (const auto& [name, child] : next->children)
        if (child.node->is_directory()) below.push_back(child.node.get());
    }
    return false;
  }

  TreeRef tree_;
  NodeRef node_;
  std::string listed_name_;
};

}  // namespace

std::unique_ptr<Directory> open_root(std::shared_ptr<MemoryTree> tree) {
  const NodeRef root = tree->root();
  return std::make_unique<MemoryDirectory>(std::move(tree), root);
}

}  // namespace wrun::wasi
