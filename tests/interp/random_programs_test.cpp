// Random programs, run by the interpreter and by a few lines that walk their syntax tree. What they
// are made of is what the translator fuses, reorders or leaves out.
#include <cstring>
#include <memory>
#include <random>

#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

enum Local : uint32_t {
  Small0,
  Small1,
  Small2,
  A,
  B,
  C,
  W0,
  W1,
  Count0,
  Count1,
  Count2,
  LocalCount
};
constexpr uint32_t kMemoryBytes = 16 << 10;

struct Node;
using NodePtr = std::unique_ptr<Node>;

struct Node {
  enum class Kind : uint8_t {
    Const,
    Get,
    Tee,
    Unary,
    Binary,
    Load,
    Select,
    If,
    BlockIf,
    Call,  // expressions
    Set,
    Store,
    IfElse,
    CountUp,
    CountDown,
    Swap,
    Block,
    BrIf,
    BrTable,  // statements
  };
  Kind kind;
  Op op = Op::Nop;
  wasm::ValType type = kI32;
  uint64_t value = 0;  // constant, local, offset, label depth, times around
  std::vector<NodePtr> children;
  std::vector<NodePtr> others;  // of an if
};

bool is_wide(uint64_t local) { return local == W0 || local == W1; }

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  std::vector<NodePtr> program() { return statements(14, 0, 0); }

 private:
  using Kind = Node::Kind;
  uint32_t below(uint32_t count) { return static_cast<uint32_t>(random_() % count); }
  template <size_t size>
  Op any(const Op (&ops)[size]) {
    return ops[below(size)];
  }
  template <class... Children>
  NodePtr make(Kind kind, Op op, wasm::ValType type, uint64_t value, Children... children) {
    auto node = std::make_unique<Node>(Node{kind, op, type, value, {}, {}});
    (node->children.push_back(std::move(children)), ...);
    return node;
  }

  NodePtr constant32() {
    static constexpr int32_t kValues[] = {0, 1, 2, 3, 4, 8, -1, 100, 32767, 32768, -32769, 1 << 30};
    return make(Kind::Const, Op::I32Const, kI32,
                static_cast<uint32_t>(below(2) ? kValues[below(12)] : int32_t(random_())));
  }
  // Below 1024, so that sums and shifts of them are addresses.
  NodePtr small(int depth) {
    if (below(3) != 0 || depth <= 0) return make(Kind::Get, Op::LocalGet, kI32, below(3));
    return make(Kind::Binary, Op::I32And, kI32, 0, i32(depth - 1),
                make(Kind::Const, Op::I32Const, kI32, 1023));
  }
  NodePtr address(int depth) {
    if (below(4) == 0) return small(depth);
    NodePtr index = small(depth), base = small(depth);
    if (below(3) != 0)
      index = make(Kind::Binary, Op::I32Shl, kI32, 0, std::move(index),
                   make(Kind::Const, Op::I32Const, kI32, below(4)));
    if (below(2)) std::swap(index, base);
    return make(Kind::Binary, Op::I32Add, kI32, 0, std::move(base), std::move(index));
  }
  NodePtr condition(int depth) {
    static constexpr Op kCompare32[] = {Op::I32Eq,  Op::I32Ne,  Op::I32LtS, Op::I32LtU,
                                        Op::I32GtS, Op::I32GtU, Op::I32LeS, Op::I32LeU,
                                        Op::I32GeS, Op::I32GeU, Op::I32And};
    static constexpr Op kCompare64[] = {Op::I64Eq, Op::I64Ne, Op::I64LtS, Op::I64GtU, Op::I64LeU};
    switch (below(5)) {
      case 0:
        return make(Kind::Unary, Op::I32Eqz, kI32, 0,
                    below(2) ? condition(depth - 1) : i32(depth - 1));
      case 1:  return make(Kind::Binary, any(kCompare64), kI32, 0, i64(depth - 1), i64(depth - 1));
      case 2:  return i32(depth - 1);
      default: return make(Kind::Binary, any(kCompare32), kI32, 0, i32(depth - 1), i32(depth - 1));
    }
  }
  NodePtr i32(int depth) {
    static constexpr Op kOps[] = {Op::I32Add, Op::I32Add, Op::I32Sub, Op::I32Mul,  Op::I32And,
                                  Op::I32Or,  Op::I32Xor, Op::I32Shl, Op::I32ShrU, Op::I32ShrS,
                                  Op::I32LtS, Op::I32GeU, Op::I32Eq};
    static constexpr Op kLoads[] = {Op::I32Load, Op::I32Load, Op::I32Load8U, Op::I32Load8S,
                                    Op::I32Load16U};
    if (depth <= 0 || below(4) == 0)
      return below(4) == 0 ? constant32() : make(Kind::Get, Op::LocalGet, kI32, below(6));
    switch (below(12)) {
      case 0: return make(Kind::Load, any(kLoads), kI32, offset(), address(depth - 1));
      case 1: return make(Kind::Load, Op::I32Load, kI32, offset(), address(depth - 1));
      case 2: return make(Kind::Tee, Op::LocalTee, kI32, A + below(3), i32(depth - 1));
      case 3: return make(Kind::Unary, below(2) ? Op::I32Eqz : Op::I32Clz, kI32, 0, i32(depth - 1));
      case 4: return make(Kind::Unary, Op::I32WrapI64, kI32, 0, i64(depth - 1));
      case 5:
        return make(Kind::Select, Op::Select, kI32, 0, i32(depth - 1), i32(depth - 1),
                    condition(depth - 1));
      case 6:
        return make(Kind::If, Op::If, kI32, 0, condition(depth - 1), i32(depth - 1),
                    i32(depth - 1));
      case 7:
        return make(Kind::BlockIf, Op::Block, kI32, 0, i32(depth - 1), condition(depth - 1),
                    i32(depth - 1));
      case 8:  return make(Kind::Call, Op::Call, kI32, 0, i32(depth - 1), i32(depth - 1));
      default: return make(Kind::Binary, any(kOps), kI32, 0, i32(depth - 1), i32(depth - 1));
    }
  }
  NodePtr i64(int depth) {
    static constexpr Op kOps[] = {Op::I64Add, Op::I64Sub, Op::I64Mul, Op::I64Xor, Op::I64ShrU};
    if (depth <= 0 || below(3) == 0)
      return below(3) == 0 ? make(Kind::Const, Op::I64Const, kI64, random_() >> below(64))
                           : make(Kind::Get, Op::LocalGet, kI64, W0 + below(2));
    switch (below(6)) {
      case 0: return make(Kind::Load, Op::I64Load, kI64, offset(), address(depth - 1));
      case 1: return make(Kind::Unary, Op::I64ExtendI32S, kI64, 0, i32(depth - 1));
      case 2: return make(Kind::Tee, Op::LocalTee, kI64, W0 + below(2), i64(depth - 1));
      case 3:
        return make(Kind::Select, Op::Select, kI64, 0, i64(depth - 1), i64(depth - 1),
                    condition(depth - 1));
      default: return make(Kind::Binary, any(kOps), kI64, 0, i64(depth - 1), i64(depth - 1));
    }
  }
  uint64_t offset() { return below(3) == 0 ? below(64) : 0; }

  std::vector<NodePtr> statements(uint32_t count, uint32_t loops, uint32_t labels) {
    std::vector<NodePtr> list;
    const uint32_t length = 1 + below(count);
    for (uint32_t i = 0; i < length; ++i) list.push_back(statement(loops, labels));
    return list;
  }
  NodePtr statement(uint32_t loops, uint32_t labels) {
    const bool nest = labels < 4;
    switch (below(12)) {
      case 0:
        return make(Kind::Set, Op::LocalSet, kI32, below(3),
                    make(Kind::Binary, Op::I32And, kI32, 0, i32(3),
                         make(Kind::Const, Op::I32Const, kI32, 1023)));
      case 1: return make(Kind::Set, Op::LocalSet, kI64, W0 + below(2), i64(3));
      case 2:
        return make(Kind::Store, below(2) ? Op::I32Store : Op::I32Store8, kI32, offset(),
                    address(2), i32(2));
      case 3: return make(Kind::Store, Op::I64Store, kI64, offset(), address(2), i64(2));
      case 4: {
        if (!nest) break;
        NodePtr node = make(Kind::IfElse, Op::If, kI32, 0, condition(3));
        for (NodePtr& s : statements(3, loops, labels + 1)) node->children.push_back(std::move(s));
        if (below(2)) node->others = statements(3, loops, labels + 1);
        return node;
      }
      case 5:
      case 6: {
        if (loops >= 3 || !nest) break;
        static constexpr Op kEnds[] = {Op::I32Ne, Op::I32LtS, Op::I32LtU, Op::I32LeS};
        const bool up = below(2) != 0;
        NodePtr node = make(up ? Kind::CountUp : Kind::CountDown, any(kEnds), kI32, 1 + below(4));
        node->type = loops == 0 ? kI32 : kI32;
        node->children = statements(3, loops + 1, labels + 2);
        node->others.push_back(make(Kind::Const, Op::I32Const, kI32, loops));
        return node;
      }
      case 7: return make(Kind::Swap, Op::Nop, kI32, below(2));
      case 8: {
        if (!nest) break;
        NodePtr node = make(Kind::Block, Op::Block, kI32, 0);
        node->children = statements(4, loops, labels + 1);
        return node;
      }
      case 9:
        if (labels == 0) break;
        return make(below(3) ? Kind::BrIf : Kind::BrTable, Op::BrIf, kI32, 0, condition(2));
      default: break;
    }
    return make(Kind::Set, Op::LocalSet, kI32, A + below(3), i32(4));
  }

  std::mt19937_64 random_;
};

// Statements only branch to the innermost block of their own making: out of a Block or an If, or
// from a loop's body to its end.
class Emitter {
 public:
  explicit Emitter(Code& code) : code_(code) {}

  void statements(const std::vector<NodePtr>& list, size_t first = 0) {
    for (size_t i = first; i < list.size(); ++i) statement(*list[i]);
  }

 private:
  using Kind = Node::Kind;
  void expression(const Node& node) {
    const auto child = [&](size_t i) { expression(*node.children[i]); };
    switch (node.kind) {
      case Kind::Const:
        if (node.type == kI32)
          code_.i32(static_cast<int32_t>(node.value));
        else
          code_.i64(static_cast<int64_t>(node.value));
        return;
      case Kind::Get: code_(Op::LocalGet, node.value); return;
      case Kind::Tee:
        child(0);
        code_(Op::LocalTee, node.value);
        return;
      case Kind::Load:
        child(0);
        code_(node.op, 0, node.value);
        return;
      case Kind::If:
        child(0);
        code_.block(Op::If, kI32);
        child(1);
        code_(Op::Else);
        child(2);
        code_(Op::End);
        return;
      case Kind::BlockIf:
        code_.block(Op::Block, kI32);
        child(0);
        child(1);
        code_(Op::BrIf, 0)(Op::Drop);
        child(2);
        code_(Op::End);
        return;
      default:
        for (size_t i = 0; i < node.children.size(); ++i) child(i);
        if (node.kind == Kind::Call)
          code_(Op::Call, 0);
        else
          code_(node.op);
    }
  }
  void statement(const Node& node) {
    switch (node.kind) {
      case Kind::Set:
        expression(*node.children[0]);
        code_(Op::LocalSet, node.value);
        return;
      case Kind::Store:
        expression(*node.children[0]);
        expression(*node.children[1]);
        code_(node.op, 0, node.value);
        return;
      case Kind::IfElse:
        expression(*node.children[0]);
        code_(Op::If, kEmptyBlock);
        statements(node.children, 1);
        if (!node.others.empty()) code_(Op::Else);
        statements(node.others);
        code_(Op::End);
        return;
      case Kind::CountUp:
      case Kind::CountDown: {
        const bool up = node.kind == Kind::CountUp;
        const uint64_t counter = Count0 + node.others[0]->value;
        code_.i32(up ? 0 : static_cast<int32_t>(node.value))(Op::LocalSet, counter);
        code_(Op::Loop, kEmptyBlock)(Op::Block, kEmptyBlock);
        statements(node.children);
        code_(Op::End)(Op::LocalGet, counter).i32(up ? 1 : -1)(Op::I32Add)(Op::LocalTee, counter);
        if (up) code_.i32(static_cast<int32_t>(node.value))(node.op);
        code_(Op::BrIf, 0)(Op::End);
        return;
      }
      case Kind::Swap: {
        const uint64_t x = node.value ? uint64_t{A} : uint64_t{Small0};
        code_(Op::LocalGet, x)(Op::LocalGet, x + 1)(Op::LocalGet, x + 2);
        code_(Op::LocalSet, x)(Op::LocalSet, x + 2)(Op::LocalSet, x + 1);
        return;
      }
      case Kind::Block:
        code_(Op::Block, kEmptyBlock);
        statements(node.children);
        code_(Op::End);
        return;
      case Kind::BrIf:
        expression(*node.children[0]);
        code_(Op::BrIf, 0);
        return;
      default:  // BrTable: out of the inner block, and on, when the index is not zero
        code_(Op::Block, kEmptyBlock);
        expression(*node.children[0]);
        code_(Op::BrTable, 1, 1, 0)(Op::End);
    }
  }

  Code& code_;
};

class Evaluator {
 public:
  uint64_t locals[LocalCount] = {};
  std::vector<std::byte> memory = std::vector<std::byte>(kMemoryBytes);
  uint64_t steps = 0;

  // False: a branch leaves the list.
  bool statements(const std::vector<NodePtr>& list, size_t first = 0) {
    for (size_t i = first; i < list.size(); ++i)
      if (!statement(*list[i])) return false;
    return true;
  }

 private:
  using Kind = Node::Kind;
  static int32_t s(uint64_t value) { return static_cast<int32_t>(value); }
  static uint32_t u(uint64_t value) { return static_cast<uint32_t>(value); }

  uint64_t load(const Node& node, uint64_t address) {
    uint64_t value = 0;
    const size_t bytes = size_t{1} << wasm::info(node.op).access_log2();
    std::memcpy(&value, &memory.at(u(address) + node.value), bytes);
    return node.op == Op::I32Load8S ? u(int32_t{static_cast<int8_t>(value)}) : value;
  }
  static uint64_t binary(Op op, uint64_t a, uint64_t b) {
    const auto sa = static_cast<int64_t>(a), sb = static_cast<int64_t>(b);
    switch (op) {
      case Op::I32Add:  return u(a + b);
      case Op::I32Sub:  return u(a - b);
      case Op::I32Mul:  return u(a * b);
      case Op::I32And:  return a & b;
      case Op::I32Or:   return a | b;
      case Op::I32Xor:  return a ^ b;
      case Op::I32Shl:  return u(a << (b & 31));
      case Op::I32ShrU: return a >> (b & 31);
      case Op::I32ShrS: return u(s(a) >> (b & 31));
      case Op::I32Eq:   return a == b;
      case Op::I32Ne:   return a != b;
      case Op::I32LtS:  return s(a) < s(b);
      case Op::I32LtU:  return a < b;
      case Op::I32GtS:  return s(a) > s(b);
      case Op::I32GtU:  return a > b;
      case Op::I32LeS:  return s(a) <= s(b);
      case Op::I32LeU:  return a <= b;
      case Op::I32GeS:  return s(a) >= s(b);
      case Op::I32GeU:  return a >= b;
      case Op::I64Eq:   return a == b;
      case Op::I64Ne:   return a != b;
      case Op::I64LtS:  return sa < sb;
      case Op::I64GtU:  return a > b;
      case Op::I64LeU:  return a <= b;
      case Op::I64Add:  return a + b;
      case Op::I64Sub:  return a - b;
      case Op::I64Mul:  return a * b;
      case Op::I64Xor:  return a ^ b;
      default:          return a >> (b & 63);
    }
  }
  static uint64_t unary(Op op, uint64_t a) {
    switch (op) {
      case Op::I32Eqz:     return a == 0;
      case Op::I32Clz:     return static_cast<uint64_t>(std::countl_zero(u(a)));
      case Op::I32WrapI64: return u(a);
      default:             return static_cast<uint64_t>(int64_t{s(a)});
    }
  }
  uint64_t expression(const Node& node) {
    const auto child = [&](size_t i) { return expression(*node.children[i]); };
    switch (node.kind) {
      case Kind::Const:  return node.value;
      case Kind::Get:    return locals[node.value];
      case Kind::Tee:    return locals[node.value] = child(0);
      case Kind::Load:   return load(node, child(0));
      case Kind::Unary:  return unary(node.op, child(0));
      case Kind::If:     return child(0) != 0 ? child(1) : child(2);
      case Kind::Select: {
        const uint64_t a = child(0), b = child(1);
        return child(2) != 0 ? a : b;
      }
      case Kind::BlockIf: {
        const uint64_t a = child(0);
        return child(1) != 0 ? a : child(2);
      }
      case Kind::Call: {
        const uint64_t a = child(0), b = child(1);
        return u(a * 31) ^ b;
      }
      default: {
        const uint64_t a = child(0);
        return binary(node.op, a, child(1));
      }
    }
  }
  bool statement(const Node& node) {
    ++steps;
    switch (node.kind) {
      case Kind::Set:   locals[node.value] = expression(*node.children[0]); return true;
      case Kind::Store: {
        const uint64_t address = u(expression(*node.children[0])) + node.value;
        const uint64_t value = expression(*node.children[1]);
        std::memcpy(&memory.at(address), &value, size_t{1} << wasm::info(node.op).access_log2());
        return true;
      }
      case Kind::IfElse:
        if (expression(*node.children[0]) != 0)
          statements(node.children, 1);
        else
          statements(node.others);
        return true;
      case Kind::CountUp:
      case Kind::CountDown: {
        uint64_t& counter = locals[Count0 + node.others[0]->value];
        const bool up = node.kind == Kind::CountUp;
        counter = up ? 0 : node.value;
        do {
          statements(node.children);
          counter = u(counter + (up ? 1 : UINT32_MAX));
        } while (up ? binary(node.op, counter, node.value) != 0 : counter != 0);
        return true;
      }
      case Kind::Swap: {
        uint64_t* x = locals + (node.value ? A : Small0);
        const uint64_t a = x[0], b = x[1], c = x[2];
        x[0] = c, x[2] = b, x[1] = a;
        return true;
      }
      case Kind::Block: statements(node.children); return true;
      case Kind::BrIf:  return expression(*node.children[0]) == 0;
      default:          return expression(*node.children[0]) != 0;
    }
  }
};

// Runs the program of `seed` with arguments from it; all locals go to memory at the end.
bool agrees(Machine& machine, uint64_t seed) {
  const std::vector<NodePtr> program = Generator(seed).program();
  ModuleBuilder builder;
  builder.memory({.limits = {.minimum = 1}});
  builder.function(
      {
          {kI32, kI32},
          {kI32}
  },
      Code()(Op::LocalGet, 0)
          .i32(31)(Op::I32Mul)(Op::LocalTee, 2)(Op::LocalGet, 1)(Op::I32Xor)(
              Op::LocalTee, 3)(Op::Drop)(Op::LocalGet, 3),
      {kI32, kI32});
  Code code;
  code(Op::Block, kEmptyBlock);
  Emitter(code).statements(program);
  code(Op::End);
  constexpr uint32_t kLocalsAt = kMemoryBytes - 256;
  for (uint32_t i = 0; i < LocalCount; ++i)
    code.i32(0)(Op::LocalGet, i)(is_wide(i) ? Op::I64Store : Op::I32Store, 0, kLocalsAt + 8 * i);
  builder.function(
      {
          {kI32, kI32, kI32, kI32},
          {}
  },
      code, {kI32, kI32, kI64, kI64, kI32, kI32, kI32});

  Evaluator expected;
  std::mt19937_64 random(seed);
  for (uint32_t i = 0; i < 3; ++i) expected.locals[i] = random() % 1024;
  expected.locals[A] = static_cast<uint32_t>(random());
  const uint64_t* l = expected.locals;
  Instance& instance = machine.instantiate(builder);
  const std::initializer_list<uint64_t> arguments = {l[0], l[1], l[2], l[3]};
  const auto outcome = machine.call(instance, 1, arguments);
  if (!outcome) FAIL(outcome.error().message);
  expected.statements(program);
  for (uint32_t i = 0; i < LocalCount; ++i)
    std::memcpy(&expected.memory[kLocalsAt + 8 * i], &l[i], 8);
  return std::memcmp(expected.memory.data(), instance.memory(0).base(), kMemoryBytes) == 0;
}

void check_programs(uint64_t first, uint64_t count) {
  for (const bool guarded : {true, false})
    for (const bool metered : {false, true}) {
      for (uint64_t seed = first; seed < first + count; ++seed) {
        Machine machine({.interruptible = metered, .fuel_metering = metered},
                        {.guarded_memories = guarded});
        CAPTURE(seed, guarded, metered);
        REQUIRE(agrees(machine, seed));
      }
    }
}

}  // namespace

TEST_CASE("Random programs compute what their syntax tree says") { check_programs(0, 1'500); }

TEST_CASE("Many more random programs", "[.long]") { check_programs(1'000'000, 30'000); }
