// What running code knows of types: supertypes in constant time, and where fields are.
#include "wasm/canonical_type.hpp"

#include "catch.hpp"
#include "wasm/subtyping.hpp"
#include "wasm/type_registry.hpp"

using namespace wrun::wasm;

namespace {

SubType structure(std::vector<ValType> fields, std::optional<TypeIndex> supertype = {}) {
  SubType type;
  type.kind = SubType::Kind::Struct;
  type.is_final = false;
  type.supertype = supertype;
  for (const ValType field : fields) type.fields.push_back({field, true});
  return type;
}

struct Types {
  explicit Types(const std::vector<SubType>& types) : Types(types, 1) {}
  // Groups of so many types each.
  Types(const std::vector<SubType>& types, uint32_t group) {
    for (uint32_t i = 0; i < types.size(); i += group)
      REQUIRE(registry.canonicalize_group(types, i, group, ids));
  }
  const CanonicalType& operator[](uint32_t index) const { return registry.type(ids[index]); }

  TypeRegistry registry;
  std::vector<uint32_t> ids;
};

}  // namespace

TEST_CASE("a type is below all of its supertypes and nothing else") {
  std::vector<SubType> chain = {structure({})};
  for (uint32_t i = 0; i < 63; ++i) chain.push_back(structure({}, i));
  chain.push_back(structure({kI32}, 3));
  const Types types(chain);
  for (uint32_t sub = 0; sub < 64; ++sub)
    for (uint32_t super = 0; super < 64; ++super)
      CHECK(types[sub].is_below(types[super]) == (sub >= super));
  const CanonicalType& branch = types[64];
  CHECK(branch.depth == 4);
  CHECK(branch.is_below(types[3]));
  CHECK_FALSE(branch.is_below(types[4]));
  CHECK_FALSE(types[4].is_below(branch));
}

TEST_CASE("fields are where the supertype has them, each at a multiple of its size") {
  const ValType any = ValType::ref(HeapType::Abstract::Any, true);
  const Types types({structure({ValType::Kind::I8, kI32, ValType::Kind::I16}),
                     structure({ValType::Kind::I8, kI32, ValType::Kind::I16, any, kV128}, 0)});
  const CanonicalType& super = types[0];
  const CanonicalType& sub = types[1];
  const uint32_t offsets[] = {8, 12, 16, 24, 32};
  for (size_t i = 0; i < 3; ++i) CHECK(super.fields[i].offset == offsets[i]);
  for (size_t i = 0; i < 5; ++i) CHECK(sub.fields[i].offset == offsets[i]);
  CHECK(super.bytes == 24);
  CHECK(sub.bytes == 48);
  CHECK(super.references.empty());
  CHECK(sub.references == std::vector<uint32_t>{24});
}

TEST_CASE("references to functions hold no objects") {
  SubType function;
  const ValType to_function = ValType::ref(HeapType::concrete(0), true);
  const ValType to_struct = ValType::ref(HeapType::concrete(1), true);
  const Types types({function, structure({kFuncRef, to_function, kExternRef, to_struct})});
  CHECK(types[1].references == std::vector<uint32_t>{24, 32});
}

TEST_CASE("descriptors have a place that subtypes keep") {
  // (rec (type $a (descriptor $d) (struct i32)) (type $d (describes $a) (struct)))
  SubType described = structure({kI32});
  described.descriptor = 1;
  SubType descriptor = structure({});
  descriptor.described = 0;
  SubType below = structure({kI32, kI64}, 0);
  below.descriptor = 3;
  SubType descriptor_below = structure({}, 1);
  descriptor_below.described = 2;
  const Types types({described, descriptor, below, descriptor_below}, 2);
  CHECK(types[0].descriptor_offset == 8);
  CHECK(types[0].fields[0].offset == 16);
  CHECK(types[2].descriptor_offset == 8);
  CHECK(types[2].fields[1].offset == 24);
  CHECK(types[0].references == std::vector<uint32_t>{8});
  CHECK(types[1].descriptor_offset == 0);

  // A descriptor that the supertype has not comes after what the supertype has.
  SubType late = structure({kI32}, 0);
  late.descriptor = 2;
  SubType late_descriptor = structure({});
  late_descriptor.described = 1;
  TypeRegistry registry;
  std::vector<uint32_t> ids;
  const std::vector<SubType> more = {structure({kI32}), late, late_descriptor};
  REQUIRE(registry.canonicalize_group(more, 0, 1, ids));
  REQUIRE(registry.canonicalize_group(more, 1, 2, ids));
  CHECK(registry.type(ids[1]).fields[0].offset == registry.type(ids[0]).fields[0].offset);
  CHECK(registry.type(ids[1]).descriptor_offset == 16);
}

TEST_CASE("descriptor clauses and exactness are part of a type's identity") {
  SubType described = structure({kI32});
  described.descriptor = 1;
  SubType descriptor = structure({});
  descriptor.described = 0;
  TypeRegistry registry;
  std::vector<uint32_t> with, without, exact, inexact;
  REQUIRE(registry.canonicalize_group(std::vector{described, descriptor}, 0, 2, with));
  REQUIRE(
      registry.canonicalize_group(std::vector{structure({kI32}), structure({})}, 0, 2, without));
  CHECK(with[0] != without[0]);
  const auto refers = [&](bool is_exact, std::vector<uint32_t>& ids) {
    const ValType reference = ValType::ref(HeapType::concrete(0, is_exact), true);
    REQUIRE(registry.canonicalize_group(std::vector{structure({reference})}, 0, 1, ids));
  };
  refers(true, exact);
  refers(false, inexact);
  CHECK(exact[0] != inexact[0]);
}

TEST_CASE("exact types are below themselves and what is inexact") {
  const std::vector<SubType> definitions = {structure({}), structure({kI32}, 0)};
  const Types types(definitions);
  const TypeSpace space{definitions, types.ids};
  const auto ref = [](TypeIndex type, bool exact) {
    return ValType::ref(HeapType::concrete(type, exact), false);
  };
  CHECK(matches(space, ref(1, true), ref(1, true)));
  CHECK(matches(space, ref(1, true), ref(1, false)));
  CHECK(matches(space, ref(1, true), ref(0, false)));
  CHECK(matches(space, ref(1, true), ValType::ref(HeapType::Abstract::Struct, false)));
  CHECK_FALSE(matches(space, ref(1, false), ref(1, true)));
  CHECK_FALSE(matches(space, ref(1, true), ref(0, true)));
  CHECK(matches(space, ValType::ref(HeapType::Abstract::None, false), ref(1, true)));
  CHECK(to_string(ref(1, true)) == "(ref (exact 1))");
}
