// A tree of files that exists in memory only, with limits. Its directories answer as Linux does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/effects.hpp"
#include "wasi/file.hpp"

namespace wrun::wasi {

struct TreeLimits {
  uint64_t bytes = uint64_t{256} << 20;  // of all files' contents
  uint64_t files = 100'000;              // and directories and links
};

// What counts against the limits, for as long as anybody holds it.
struct TreeUse {
  TreeLimits limits;
  uint64_t bytes = 0;
  uint64_t files = 0;
};

// A file, directory or symbolic link. Guarded by its tree's mutex.
struct TreeNode {
  struct Child {
    uint64_t ordinal;  // that it keeps for good, so that listings stay put
    std::shared_ptr<TreeNode> node;
  };

  TreeNode(std::shared_ptr<TreeUse> counted_by, Filetype node_type)
      : use(std::move(counted_by)), type(node_type) {
    ++use->files;
  }
  ~TreeNode() {
    --use->files;
    use->bytes -= contents.size();
  }
  TreeNode(const TreeNode&) = delete;
  TreeNode& operator=(const TreeNode&) = delete;

  bool is_directory() const { return type == Filetype::Directory; }
  bool is_symlink() const { return type == Filetype::SymbolicLink; }
  // Keeps to the limit on bytes.
  Errno resize(uint64_t size);

  std::shared_ptr<TreeUse> use;
  Filetype type;
  uint64_t inode = 0;
  uint64_t links = 0;
  uint64_t accessed = 0, modified = 0, changed = 0;
  std::vector<std::byte> contents;  // of a file
  std::string target;               // of a symbolic link
  std::map<std::string, Child, std::less<>> children;
  std::map<uint64_t, std::string_view> names;  // of the children, by ordinal
  uint64_t next_ordinal = 0;
};

class MemoryTree {
 public:
  MemoryTree(Effects& effects, const TreeLimits& limits);
  ~MemoryTree();

  // A place by its path: what is there, if anything, and the directory that has it under `name`.
  struct Place {
    std::shared_ptr<TreeNode> parent;  // null: the path ends in `.` or `..`
    std::string name;
    std::shared_ptr<TreeNode> node;
    bool slashes_follow = false;
  };
  // What happens to the last component, as in PathWalk. If it is to be created as a file, slashes after it
  // are Errno::Isdir.
  enum class Last : uint8_t { Keep, NoFollow, Follow };

  std::mutex& mutex() { return mutex_; }
  const std::shared_ptr<TreeNode>& root() { return root_; }
  uint64_t device() const { return device_; }
  uint64_t now();

  Expected<Place> resolve(const std::shared_ptr<TreeNode>& start, std::string_view path, Last last,
                          bool creates = false);
  // Errno::Nospc beyond the limit on files.
  Expected<std::shared_ptr<TreeNode>> make(Filetype type);
  void insert(TreeNode& directory, std::string_view name, std::shared_ptr<TreeNode> node);
  void remove(TreeNode& directory, std::string_view name);

 private:
  Effects& effects_;
  std::mutex mutex_;
  std::shared_ptr<TreeUse> use_;
  std::shared_ptr<TreeNode> root_;
  uint64_t device_;
  uint64_t last_inode_ = 0;
};

// The tree's root; `tree` lives as long as anything in it is open.
std::unique_ptr<Directory> open_root(std::shared_ptr<MemoryTree> tree);

}  // namespace wrun::wasi
