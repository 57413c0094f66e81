#include "wasi/memory_tree.hpp"

#include <limits.h>

#include <algorithm>
#include <atomic>

#include "wasi/path_walk.hpp"

namespace wrun::wasi {
namespace {

// Unlike those of the host's file systems, and of other trees.
std::atomic<uint64_t> next_device = uint64_t{1} << 40;

}  // namespace

Errno TreeNode::resize(uint64_t size) {
  if (size > contents.size() && size - contents.size() > use->limits.bytes - use->bytes)
    return Errno::Nospc;
  use->bytes += size - contents.size();
  contents.resize(size);
  return Errno::Success;
}

MemoryTree::MemoryTree(Effects& effects, const TreeLimits& limits)
    : effects_(effects), use_(std::make_shared<TreeUse>(limits)), device_(next_device++) {
  root_ = std::make_shared<TreeNode>(use_, Filetype::Directory);
  root_->inode = ++last_inode_;
  root_->links = 2;
  root_->accessed = root_->modified = root_->changed = now();
}

// Deep trees are taken apart level by level: no recursion follows a guest's wishes.
MemoryTree::~MemoryTree() {
  std::vector<std::shared_ptr<TreeNode>> nodes = {std::move(root_)};
  while (!nodes.empty()) {
    const std::shared_ptr<TreeNode> node = std::move(nodes.back());
    nodes.pop_back();
    for (auto& [name, child] : node->children) nodes.push_back(std::move(child.node));
    node->children.clear();
  }
}

uint64_t MemoryTree::now() { return effects_.now(Clock::Realtime).value_or(0); }

Expected<MemoryTree::Place> MemoryTree::resolve(const std::shared_ptr<TreeNode>& start,
                                                std::string_view path, Last last, bool creates) {
  if (path.starts_with('/')) return std::unexpected(Errno::Notcapable);
  std::vector<std::shared_ptr<TreeNode>> way = {start};
  std::string rest(path);
  int symlinks = 0;
  for (size_t position = 0;;) {
    const size_t begin = rest.find_first_not_of('/', position);
    if (begin == rest.npos) {
      std::shared_ptr<TreeNode> node = way.back();
      return Place{nullptr, ".", std::move(node), false};
    }
    const size_t end = std::min(rest.find('/', begin), rest.size());
    const std::string name = rest.substr(begin, end - begin);
    position = end;
    if (name == ".") continue;
    if (name == "..") {
      if (way.size() == 1) return std::unexpected(Errno::Notcapable);
      way.pop_back();
      continue;
    }
    if (name.size() > NAME_MAX) return std::unexpected(Errno::Nametoolong);

    const bool slashes_follow = end < rest.size();
    const bool is_last = rest.find_first_not_of('/', end) == rest.npos;
    if (is_last && slashes_follow && creates) return std::unexpected(Errno::Isdir);
    const auto& children = way.back()->children;
    const auto found = children.find(name);
    std::shared_ptr<TreeNode> node = found == children.end() ? nullptr : found->second.node;
    const bool is_kept =
        is_last && (last == Last::Keep || (last == Last::NoFollow && !slashes_follow));
    if (!is_kept && node && node->is_symlink()) {
      if (++symlinks > PathWalk::kMaxSymlinks) return std::unexpected(Errno::Loop);
      if (node->target.starts_with('/')) return std::unexpected(Errno::Notcapable);
      // Paths do not get longer than the host's, whatever links add up to.
      if (node->target.size() + rest.size() - end > 2 * size_t{PATH_MAX})
        return std::unexpected(Errno::Nametoolong);
      rest = node->target + rest.substr(end);
      position = 0;
      continue;
    }
    if (is_last) {
      std::shared_ptr<TreeNode> parent = way.back();
      return Place{std::move(parent), name, std::move(node), slashes_follow};
    }
    if (!node) return std::unexpected(Errno::Noent);
    if (!node->is_directory()) return std::unexpected(Errno::Notdir);
    way.push_back(std::move(node));
  }
}

Expected<std::shared_ptr<TreeNode>> MemoryTree::make(Filetype type) {
  if (use_->files >= use_->limits.files) return std::unexpected(Errno::Nospc);
  auto node = std::make_shared<TreeNode>(use_, type);
  node->inode = ++last_inode_;
  node->accessed = node->modified = node->changed = now();
  if (type == Filetype::Directory) node->links = 1;  // its own `.`
  return node;
}

void MemoryTree::insert(TreeNode& directory, std::string_view name,
                        std::shared_ptr<TreeNode> node) {
  node->links += 1;
  directory.links += node->is_directory();
  node->changed = directory.modified = directory.changed = now();
  const uint64_t ordinal = directory.next_ordinal++;
  const auto [at, _] = directory.children.insert_or_assign(
      std::string(name), TreeNode::Child{ordinal, std::move(node)});
  directory.names.emplace(ordinal, at->first);
}

void MemoryTree::remove(TreeNode& directory, std::string_view name) {
  const auto at = directory.children.find(name);
  TreeNode& node = *at->second.node;
  // A directory's `.` goes with its name.
  node.links -= node.is_directory() ? 2 : 1;
  directory.links -= node.is_directory();
  node.changed = directory.modified = directory.changed = now();
  directory.names.erase(at->second.ordinal);
  directory.children.erase(at);
}

}  // namespace wrun::wasi
