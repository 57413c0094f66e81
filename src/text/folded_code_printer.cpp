#include "text/folded_code_printer.hpp"

#include <algorithm>
#include <utility>

namespace wrun::text {

using wasm::Op;

namespace {
constexpr size_t kLineWidth = 100;
constexpr size_t kFunctionIndent = 4;
}  // namespace

void FoldedCodePrinter::print(binary::InstructionReader<true>& reader) {
  open_.emplace_back();
  binary::Instruction insn;
  while (reader.next(insn)) {
    if (insn.op == Op::End && open_.size() == 1) break;
    add(reader, insn);
  }
  print_lines(open_.back().nodes);
}

// --- From the sequence to the tree ---

void FoldedCodePrinter::add(const binary::InstructionReader<true>& reader,
                            const binary::Instruction& insn) {
  switch (insn.op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable: {
      const uint32_t node = new_node(reader, insn);
      names_.open_block();
      return open_block(insn, node);
    }
    case Op::Else:     return begin_part(new_node("else"));
    case Op::Catch:
    case Op::CatchAll: return begin_part(new_node(reader, insn));
    case Op::Delegate:
      names_.close_block();
      begin_part(new_node(reader, insn));
      return end_block();
    case Op::End: names_.close_block(); return end_block();
    default:      return add_plain(new_node(reader, insn), arity_.of(reader, insn));
  }
}

void FoldedCodePrinter::add_plain(uint32_t node, Arity arity) {
  set_children(node, take_operands(arity.params));
  nodes_[node].results = arity.results;
  nodes_[node].width = width(nodes_[node]);
  open_.back().nodes.push_back(node);
}

void FoldedCodePrinter::open_block(const binary::Instruction& insn, uint32_t node) {
  const Arity arity = arity_.of_block(insn.block);
  arity_.open(insn);
  Block block{.node = node, .results = arity.results};
  if (insn.op == Op::If) block.children = take_operands(arity.params + 1);
  open_.push_back(std::move(block));
  if (insn.op == Op::If) begin_part(new_node("then"));
  if (insn.op == Op::Try) begin_part(new_node("do"));
}

void FoldedCodePrinter::begin_part(uint32_t node) {
  end_part();
  open_.back().part = node;
}

void FoldedCodePrinter::end_part() {
  Block& block = open_.back();
  if (block.part == kNone) return;
  set_children(block.part, std::exchange(block.nodes, {}));
  block.children.push_back(std::exchange(block.part, kNone));
}

void FoldedCodePrinter::end_block() {
  end_part();
  const Block block = std::move(open_.back());
  open_.pop_back();
  arity_.close();
  set_children(block.node, block.children.empty() ? block.nodes : block.children);
  nodes_[block.node].results = block.results;
  open_.back().nodes.push_back(block.node);
}

std::vector<uint32_t> FoldedCodePrinter::take_operands(uint32_t values) {
  std::vector<uint32_t>& nodes = open_.back().nodes;
  auto first = nodes.end();
  while (first != nodes.begin()) {
    const uint32_t results = nodes_[*(first - 1)].results;
    if (results == 0 || results > values) break;
    values -= results;
    --first;
  }
  std::vector<uint32_t> taken(first, nodes.end());
  nodes.erase(first, nodes.end());
  return taken;
}

uint32_t FoldedCodePrinter::new_node(std::string_view text) {
  Node node;
  node.head = static_cast<uint32_t>(heads_.size());
  node.head_size = static_cast<uint32_t>(text.size());
  node.width = kNone;
  heads_.append(text);
  nodes_.push_back(node);
  return static_cast<uint32_t>(nodes_.size() - 1);
}

uint32_t FoldedCodePrinter::new_node(const binary::InstructionReader<true>& reader,
                                     const binary::Instruction& insn) {
  const uint32_t node = new_node("");
  text_.append(module_.bytes.data(), reader.end_position(), insn);
  nodes_[node].head_size = static_cast<uint32_t>(heads_.size()) - nodes_[node].head;
  nodes_[node].offset = insn.offset;
  return node;
}

void FoldedCodePrinter::set_children(uint32_t node, const std::vector<uint32_t>& children) {
  uint32_t* link = &nodes_[node].first_child;
  for (const uint32_t child : children) {
    *link = child;
    link = &nodes_[child].next;
  }
}

uint32_t FoldedCodePrinter::width(const Node& node) const {
  uint64_t sum = node.head_size + 2;
  for (uint32_t i = node.first_child; i != kNone; i = nodes_[i].next) {
    if (nodes_[i].width == kNone) return kNone;
    sum += nodes_[i].width + 1;
  }
  return sum > kLineWidth ? kNone : static_cast<uint32_t>(sum);
}

// --- From the tree to lines ---

void FoldedCodePrinter::print_lines(const std::vector<uint32_t>& nodes) {
  struct Item {
    uint32_t node;  // kNone: the parenthesis that closes one
    size_t indent;
  };
  std::vector<Item> items;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node)
    items.push_back({*node, kFunctionIndent});
  while (!items.empty()) {
    const auto [i, indent] = items.back();
    items.pop_back();
    if (i == kNone) {
      out_.append(')');
      continue;
    }
    append_line_start(out_, indent);
    const Node& node = nodes_[i];
    if (node.width != kNone && std::min(indent, kMaxIndent) + node.width <= kLineWidth) {
      print_on_line(i);
      continue;
    }
    hints_.append(out_, node.offset);
    out_.append('(');
    out_.append(head(node));
    items.push_back({kNone, 0});
    const size_t first = items.size();
    for (uint32_t child = node.first_child; child != kNone; child = nodes_[child].next)
      items.push_back({child, indent + 2});
    std::reverse(items.begin() + static_cast<std::ptrdiff_t>(first), items.end());
  }
}

// Nests no deeper than a line has room for.
void FoldedCodePrinter::print_on_line(uint32_t i) {
  const Node& node = nodes_[i];
  hints_.append(out_, node.offset);
  out_.append('(');
  out_.append(head(node));
  for (uint32_t child = node.first_child; child != kNone; child = nodes_[child].next) {
    out_.append(' ');
    print_on_line(child);
  }
  out_.append(')');
}

}  // namespace wrun::text
