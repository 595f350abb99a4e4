#include "json/canonical_hash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace spillway {
namespace {

using Hashes = std::pair<Hash128, Hash128>;

// By both: they must say the same of two documents.
Hashes HashOf(std::string_view json, const std::vector<std::string>& ignored = {}) {
  const auto hash = CanonicalHash(json, ignored);
  const auto durable = DurableCanonicalHash(json, ignored);
  EXPECT_TRUE(hash.ok() && durable.ok()) << json << hash.status().ToString();
  return hash.ok() && durable.ok() ? Hashes(*hash, *durable) : Hashes();
}

bool AnyEqual(const Hashes& a, const Hashes& b) {
  return a.first == b.first || a.second == b.second;
}

TEST(CanonicalHash, EqualDocumentsHashEqually) {
  const char* const pairs[][2] = {
      {R"({"a":1,"b":2})", R"({ "b" : 2.0, "a" : 1e0 })"},
      {R"({"a":{"x":[1,{"p":1,"q":2}],"y":null}})", R"({"a":{"y":null,"x":[1,{"q":2,"p":1}]}})"},
      {R"({"a":"é\n"})", "{\"a\":\"\xc3\xa9\\u000a\"}"},
      {R"({"a":-0.0})", R"({"a":0})"},
      {R"({"a":9007199254740993})", R"({"a":9007199254740992})"},
      {R"({"a":12345678901234567890123456789012345678})", R"({"a":1.2345678901234568e37})"},
      {R"({"\u0061":1})", R"({"a":1})"},
      {R"({})", R"( { } )"},
  };
  for (const auto& pair : pairs) EXPECT_EQ(HashOf(pair[0]), HashOf(pair[1])) << pair[0];
}

TEST(CanonicalHash, DifferentDocumentsHashDifferently) {
  const char* const texts[] = {R"({})",
                               R"({"a":null})",
                               R"({"a":1})",
                               R"({"a":"1"})",
                               R"({"a":[1]})",
                               R"({"a":[]})",
                               R"({"a":{}})",
                               R"({"a":true})",
                               R"({"a":false})",
                               R"({"a":""})",
                               R"({"b":1})",
                               R"({"a":[1,2]})",
                               R"({"a":[2,1]})",
                               R"({"a":[[1],2]})",
                               R"({"a":[[1,2]]})",
                               R"({"a":1,"b":2})",
                               R"({"a":2,"b":1})",
                               R"({"a":{"b":1}})",
                               R"({"a":{"b":{}}})",
                               R"({"a":0.1})",
                               R"({"a":0.10000000000000002})",
                               R"({"a":[null]})",
                               R"({"a":[null,null]})",
                               R"({"a":{"x":1},"b":{"y":2}})",
                               R"({"a":{"y":2},"b":{"x":1}})",
                               R"({"a":"fifteen letters"})",
                               R"({"a":"sixteen letters!"})",
                               R"({"a":"\u0000"})",
                               R"({"a":"\u0000\u0000"})",
                               R"({"a":"1\u0000"})",
                               R"({"fifteen letters":1})",
                               R"({"sixteen letters!":1})"};
  for (size_t i = 0; i < std::size(texts); ++i) {
    for (size_t j = i + 1; j < std::size(texts); ++j) {
      EXPECT_FALSE(AnyEqual(HashOf(texts[i]), HashOf(texts[j]))) << texts[i] << texts[j];
    }
  }
}

// 100,000 documents that differ in little: no two may be taken for one, by either half of the hash.
TEST(CanonicalHash, NearlyEqualDocumentsDoNotCollide) {
  std::set<uint64_t> high, low;
  constexpr int kDocuments = 100'000;
  for (int i = 0; i < kDocuments; ++i) {
    const Hash128 hash = *CanonicalHash(
        fmt::format(R"({{"id":"{}","a":{},"b":{}}})", i / 100, i % 10, i / 10 % 10), {});
    high.insert(hash.high);
    low.insert(hash.low);
  }
  EXPECT_EQ(high.size(), static_cast<size_t>(kDocuments));
  EXPECT_EQ(low.size(), static_cast<size_t>(kDocuments));
}

TEST(CanonicalHash, IgnoredFieldsCountAtTheTopOnly) {
  EXPECT_EQ(HashOf(R"({"a":1,"_ts":5})", {"_ts", "_etag"}), HashOf(R"({"a":1})"));
  EXPECT_NE(HashOf(R"({"a":{"_ts":5}})", {"_ts"}), HashOf(R"({"a":{}})"));
}

TEST(CanonicalHash, WhatIsNotOneJsonObjectIsDataLoss) {
  for (const char* text : {"", "[]", "1", "null", "{", R"({"a":1}})", R"({"a":1} x)",
                           R"({"a":tru})", R"({"a":nul})", "{\"a\":\"\xff\"}", R"({"a":01})",
                           R"({"a":1e999})", R"({"a" 1})", R"({"a":1,})", R"({"a":[1,]})"}) {
    const auto hash = CanonicalHash(text, {});
    ASSERT_FALSE(hash.ok()) << text;
    EXPECT_EQ(hash.status().code(), StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace spillway
