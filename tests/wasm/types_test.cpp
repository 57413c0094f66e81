#include "wasm/types.hpp"

#include "catch.hpp"
#include "wasm/subtyping.hpp"
#include "wasm/type_registry.hpp"

using namespace wrun::wasm;

namespace {

using Abstract = HeapType::Abstract;

SubType function(std::vector<ValType> params, std::vector<ValType> results) {
  SubType type;
  type.func.params = std::move(params);
  type.func.results = std::move(results);
  return type;
}

SubType structure(std::vector<FieldType> fields) {
  SubType type;
  type.kind = SubType::Kind::Struct;
  type.fields = std::move(fields);
  return type;
}

ValType ref(TypeIndex index) { return ValType::ref(HeapType::concrete(index), false); }
ValType ref_null(Abstract type) { return ValType::ref(type, true); }

// The canonical ids of types of which each group has the given size.
std::vector<uint32_t> canonicalize(TypeRegistry& registry, const std::vector<SubType>& types,
                                   std::initializer_list<uint32_t> groups) {
  std::vector<uint32_t> ids;
  uint32_t first = 0;
  for (uint32_t count : groups) {
    CHECK(registry.canonicalize_group(types, first, count, ids));
    first += count;
  }
  return ids;
}

}  // namespace

TEST_CASE("types as text") {
  CHECK(to_string(kI32) == "i32");
  CHECK(to_string(kFuncRef) == "funcref");
  CHECK(to_string(ValType::ref(Abstract::Func, false)) == "(ref func)");
  CHECK(to_string(ValType::ref(HeapType::concrete(3), true)) == "(ref null 3)");
  CHECK(to_string(ref_null(Abstract::None)) == "nullref");
  CHECK(to_string(FuncType{
            {kI32, kI64},
            {}
  }) == "[i32 i64] -> []");
}

TEST_CASE("equal types have equal ids, across modules and regardless of their indices") {
  TypeRegistry registry;
  const auto first = canonicalize(registry, {function({kI32}, {}), function({}, {kI64})}, {1, 1});
  const auto second = canonicalize(registry, {function({}, {kI64}), function({kI32}, {})}, {1, 1});
  CHECK(first[0] == second[1]);
  CHECK(first[1] == second[0]);
  CHECK(first[0] != first[1]);
  CHECK(registry.function_type(FuncType{{kI32}, {}}) == first[0]);
  CHECK(registry.function_type(FuncType{{}, {kI32}}) != first[0]);
}

TEST_CASE("references within a group and out of it") {
  TypeRegistry registry;
  // The same list type twice, once at another index.
  const auto list = [](TypeIndex self) {
    return structure({
        {ref(self), true}
    });
  };
  const auto ids = canonicalize(registry, {list(0), list(1)}, {1, 1});
  CHECK(ids[0] == ids[1]);
  // A reference to an equal type outside of the group is something else than one to itself.
  const auto outside = canonicalize(registry, {list(0), list(0)}, {1, 1});
  CHECK(outside[0] == ids[0]);
  CHECK(outside[1] != ids[0]);
  // So is a member of a larger group.
  const auto pair = canonicalize(registry, {list(0), list(1)}, {2});
  CHECK(pair[0] != ids[0]);
  CHECK(pair[1] == pair[0] + 1);
}

TEST_CASE("finality, mutability and storage are part of a type") {
  TypeRegistry registry;
  SubType open = structure({
      {kI32, true}
  });
  open.is_final = false;
  const auto ids = canonicalize(registry,
                                {
                                    structure({             {kI32, true}}
                                    ), open, structure({            {kI32, false}}
                                    ),
                                    structure({{ValType::Kind::I8, true}}
                                    ), structure({                        }
                                    )
  },
                                {1, 1, 1, 1, 1});
  for (size_t i = 0; i < ids.size(); ++i)
    for (size_t k = 0; k < i; ++k) CHECK(ids[i] != ids[k]);
}

TEST_CASE("declared supertypes") {
  TypeRegistry registry;
  SubType base = structure({});
  base.is_final = false;
  SubType middle = structure({
      {kI32, false}
  });
  middle.is_final = false;
  middle.supertype = 0;
  SubType leaf = structure({
      {kI32, false},
      {kI64, false}
  });
  leaf.supertype = 1;
  const std::vector<SubType> types = {base, middle, leaf, function({}, {})};
  const auto ids = canonicalize(registry, types, {1, 1, 1, 1});
  CHECK(registry.is_subtype(ids[2], ids[0]));
  CHECK(registry.is_subtype(ids[2], ids[2]));
  CHECK_FALSE(registry.is_subtype(ids[0], ids[2]));
  CHECK_FALSE(registry.is_subtype(ids[3], ids[0]));

  const TypeSpace space{types, ids};
  CHECK(matches(space, ref(2), ref(0)));
  CHECK_FALSE(matches(space, ref(0), ref(1)));
  CHECK(matches(space, ref(1), ref_null(Abstract::Eq)));
  CHECK(matches(space, ref(1), ref_null(Abstract::Any)));
  CHECK_FALSE(matches(space, ref(1), ref_null(Abstract::Array)));
  CHECK_FALSE(matches(space, ref(1), kFuncRef));
  CHECK(matches(space, ref(3), kFuncRef));
  CHECK(matches(space, ValType::ref(Abstract::None, false), ref(1)));
  CHECK_FALSE(matches(space, ref_null(Abstract::None), ref(1)));
  CHECK(matches(space, ref_null(Abstract::NoFunc), ValType::ref(HeapType::concrete(3), true)));
  CHECK_FALSE(
      matches(space, ref_null(Abstract::NoFunc), ValType::ref(HeapType::concrete(1), true)));
  CHECK(top_of(space, HeapType::concrete(1)) == Abstract::Any);
  CHECK(top_of(space, HeapType::concrete(3)) == Abstract::Func);
}

TEST_CASE("abstract types") {
  const TypeSpace space{};
  const auto below = [&](Abstract sub, Abstract super) {
    return matches(space, ref_null(sub), ref_null(super));
  };
  CHECK(below(Abstract::I31, Abstract::Eq));
  CHECK(below(Abstract::Struct, Abstract::Any));
  CHECK(below(Abstract::None, Abstract::I31));
  CHECK(below(Abstract::NoExtern, Abstract::Extern));
  CHECK(below(Abstract::NoExn, Abstract::Exn));
  CHECK_FALSE(below(Abstract::Any, Abstract::Eq));
  CHECK_FALSE(below(Abstract::Func, Abstract::Any));
  CHECK_FALSE(below(Abstract::None, Abstract::Func));
  CHECK_FALSE(below(Abstract::Extern, Abstract::NoExtern));
  CHECK_FALSE(matches(space, kI32, kI64));
  CHECK_FALSE(matches(space, ref_null(Abstract::Any), ValType::ref(Abstract::Any, false)));
  CHECK(matches(space, kBottom, kI32));
}

TEST_CASE("fields are invariant when mutable") {
  const TypeSpace space{};
  const FieldType eq{ref_null(Abstract::Eq), false};
  const FieldType any{ref_null(Abstract::Any), false};
  CHECK(matches(space, eq, any));
  CHECK_FALSE(matches(space, any, eq));
  CHECK_FALSE(matches(space, FieldType{eq.storage, true}, FieldType{any.storage, true}));
  CHECK_FALSE(matches(space, FieldType{eq.storage, true}, eq));
  CHECK(matches(space, FieldType{eq.storage, true}, FieldType{eq.storage, true}));
}
