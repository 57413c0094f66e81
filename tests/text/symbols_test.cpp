#include "text/symbols.hpp"

#include "catch.hpp"

using namespace wrun::text;

TEST_CASE("a symbol table finds what was added") {
  SymbolTable table;
  CHECK(!table.find("a"));
  CHECK(table.add("a", 1));
  CHECK(!table.add("a", 2));
  CHECK(table.find("a") == 1u);
  CHECK(!table.find("b"));
}

TEST_CASE("scopes have names of their own") {
  SymbolTable table;
  CHECK(table.add("x", 1, 0));
  CHECK(table.add("x", 2, 1));
  CHECK(table.find("x", 0) == 1u);
  CHECK(table.find("x", 1) == 2u);
  CHECK(!table.find("x", 2));
}

TEST_CASE("a symbol table grows, and is cleared") {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back("name " + std::to_string(i));
  SymbolTable table;
  for (int round = 0; round < 2; ++round) {
    for (uint32_t i = 0; i < names.size(); ++i) CHECK(table.add(names[i], i));
    for (uint32_t i = 0; i < names.size(); ++i) REQUIRE(table.find(names[i]) == i);
    table.clear();
    for (const std::string& name : names) REQUIRE(!table.find(name));
  }
}

TEST_CASE("names can be bound anew and given back") {
  SymbolTable table;
  CHECK(!table.exchange("l", 1));
  CHECK(table.exchange("l", 2) == 1u);
  CHECK(table.find("l") == 2u);
  CHECK(table.exchange("l", 1) == 2u);
  CHECK(table.exchange("l", std::nullopt) == 1u);
  CHECK(!table.find("l"));
  CHECK(!table.exchange("l", 3));
  CHECK(table.find("l") == 3u);
}

TEST_CASE("quoted identifiers are the same as plain ones") {
  Names names;
  CHECK(names.of_id("$x") == "x");
  CHECK(names.of_id("$\"x\"") == "x");
  CHECK(names.of_id(R"($"\78")") == "x");
  CHECK(names.of_string(R"("a\09b")") == "a\tb");
}
