#include "json/canonical_hash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "json/json_tree.h"

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

// Texts of every length, and where they stand: before more of the document, at its end, escaped.
TEST(CanonicalHash, TextsThatDifferInOneByteDoNotCollide) {
  std::set<uint64_t> high, low;
  size_t texts = 0;
  for (size_t size = 0; size <= 100; ++size) {
    std::string text(size, 'a');
    const std::string more(40, 'b');
    for (size_t at = 0; at <= size; ++at) {
      if (at > 0) text[at - 1] = 'a';
      if (at < size) text[at] = 'x';
      const Hash128 hash = *CanonicalHash(fmt::format(R"({{"t":"{}"}})", text), {});
      high.insert(hash.high);
      low.insert(hash.low);
      ++texts;
      const std::vector<std::string> ignored = {"m"};
      EXPECT_EQ(*CanonicalHash(fmt::format(R"({{"t":"{}","m":"{}"}})", text, more), ignored), hash);
      std::string escaped;
      for (const char c : text) escaped += fmt::format("\\u00{:02x}", static_cast<int>(c));
      EXPECT_EQ(*CanonicalHash(fmt::format(R"({{"t":"{}","m":"{}"}})", escaped, more), ignored),
                hash);
    }
  }
  EXPECT_EQ(high.size(), texts);
  EXPECT_EQ(low.size(), texts);
}

// Texts that are others with their blocks in another order, or with a block more.
TEST(CanonicalHash, TextsOfTheSameBlocksDoNotCollide) {
  const std::string blocks[] = {std::string(16, 'a'), std::string(16, 'b'),
                                std::string(8, 'a') + std::string(8, 'b')};
  std::vector<std::string> texts = {""};
  for (size_t begin = 0, length = 0; length < 7; ++length) {
    const size_t end = texts.size();
    for (; begin < end; ++begin) {
      for (const std::string& block : blocks) texts.push_back(texts[begin] + block);
    }
  }
  std::set<uint64_t> high, low;
  for (const std::string& text : texts) {
    const Hash128 hash = *CanonicalHash(fmt::format(R"({{"t":"{}"}})", text), {});
    high.insert(hash.high);
    low.insert(hash.low);
  }
  EXPECT_EQ(high.size(), texts.size());
  EXPECT_EQ(low.size(), texts.size());
}

// What a hasher keeps of the keys that it has seen makes no difference.
TEST(CanonicalHasher, SaysTheSameWhateverItHashedBefore) {
  const std::vector<std::string> ignored = {"_ts"};
  CanonicalHasher hasher(ignored);
  std::mt19937_64 random(7);
  const auto below = [&](uint64_t end) { return random() % end; };
  const auto object = [&](const auto& self, int depth) -> std::string {
    std::string json = "{";
    const char* const spaces[] = {"", "", "", " "};
    for (uint64_t i = 0; i < 30; ++i) {
      if (below(3) == 0) continue;
      const std::string key = i == 3    ? "_ts"
                              : i == 4  ? "\\u0061"
                              : i == 5  ? fmt::format("any {}", below(5'000))
                              : i == 11 ? std::string(140, 'k')
                                        : std::string(1 + i % 20, static_cast<char>('a' + i));
      if (json.size() > 1) json += ",";
      json += fmt::format("{}\"{}\"{}:", spaces[below(4)], key, spaces[below(4)]);
      if (i % 7 == 6 && depth > 0) {
        json += below(2) == 0 ? self(self, depth - 1)
                              : "[" + self(self, depth - 1) + "," + self(self, depth - 1) + "]";
      } else {
        json += fmt::format("{}", below(100));
      }
    }
    return json + "}";
  };
  for (int i = 0; i < 3'000; ++i) {
    const std::string json = object(object, 2);
    const auto hash = hasher.Hash(json);
    ASSERT_TRUE(hash.ok()) << hash.status().ToString() << json;
    ASSERT_EQ(*hash, *CanonicalHash(json, ignored)) << json;
    EXPECT_FALSE(hasher.Hash(json.substr(0, below(json.size()))).ok());
  }
}

TEST(CanonicalHash, AnIgnoredFieldIsKnownByWhatItsNameSays) {
  EXPECT_EQ(HashOf(R"({"\u005fts":1})", {"_ts"}), HashOf("{}"));
  CanonicalHasher hasher(std::vector<std::string>{"a"});
  EXPECT_NE(*hasher.Hash(R"({"b":{"a":1}})"), *hasher.Hash(R"({"b":{"a":2}})"));
  EXPECT_EQ(*hasher.Hash(R"({"a":1})"), *hasher.Hash(R"({"a":2})"));
}

// Stored fingerprints hold it.
TEST(DurableCanonicalHash, NeverChanges) {
  EXPECT_EQ(*DurableCanonicalHash("{}", {}),
            (Hash128{0x0c79'2cd3'b76a'6575, 0x5737'0743'44d3'9a8e}));
  EXPECT_EQ(*DurableCanonicalHash(R"({"id":"a","n":[1,-2.5e3,true,false,null,"sixteen letters!"],)"
                                  R"("o":{"k":{}},"_ts":4})",
                                  std::vector<std::string>{"_ts"}),
            (Hash128{0x6aea'6433'622f'b0c2, 0x0187'564a'7be6'744f}));
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

TEST(CanonicalHash, WhatIsNestedTooDeepIsDataLoss) {
  const auto nested = [](size_t depth) {
    std::string json = "{\"a\":";
    json.append(depth, '[').append(depth, ']');
    return json + "}";
  };
  EXPECT_TRUE(CanonicalHash(nested(1'000), {}).ok());
  EXPECT_FALSE(CanonicalHash(nested(1'100), {}).ok());
  EXPECT_FALSE(CanonicalHash(nested(1'000'000), {}).ok());
}

// One text form of what a document says, by a parser that others wrote.
std::string Canonical(const JsonNode& node) {
  switch (node.kind) {
    case JsonNode::Kind::kNumber:
      return fmt::format("{}", node.number == 0 ? 0.0 : node.number);
    case JsonNode::Kind::kString:
      return fmt::format("<{}:{}>", node.text.size(), node.text);
    case JsonNode::Kind::kArray: {
      std::string text = "[";
      for (const JsonNode& element : node.elements) text += Canonical(element) + ",";
      return text + "]";
    }
    case JsonNode::Kind::kObject: {
      std::multiset<std::string> members;
      for (const auto& [key, value] : node.members) {
        members.insert(fmt::format("<{}:{}>{}", key.size(), key, Canonical(value)));
      }
      return fmt::format("{{{}}}", fmt::join(members, ","));
    }
    default:
      return fmt::format("kind {}", static_cast<int>(node.kind));
  }
}

// Every byte of a document replaced, taken away or doubled.
std::vector<std::string> Damaged(const std::string& json) {
  std::vector<std::string> texts;
  for (size_t at = 0; at < json.size(); ++at) {
    for (const char c : {'"', '\\', '{', '}', '[', ']', ',',  ':',    '0',  '1',
                         '-', '.',  'e', 'u', 't', ' ', '\n', '\x01', '\0', '\xc3'}) {
      texts.push_back(json);
      texts.back()[at] = c;
    }
    texts.push_back(json.substr(0, at) + json.substr(at + 1));
    texts.push_back(json.substr(0, at) + json[at] + json.substr(at));
    texts.push_back(json.substr(0, at));
    texts.push_back(json.substr(at));
  }
  return texts;
}

TEST(CanonicalHash, AnotherParserTakesTheSameDocumentsForJsonAndForEqual) {
  const std::string json =
      R"({"id":"é\u00e9\ud83d\ude00 \"x\\","n":[10,-2.50e+3,0,-0.0],"t":true,"f":false,)"
      R"("z":null,"o":{"sixteen letters!":{},"a":[]},"a":"0","b":"1"})";
  std::map<std::string, Hash128> by_text;
  std::map<Hash128, std::string> by_hash;
  CanonicalHasher hasher({});
  size_t good = 0;
  for (const std::string& damaged : Damaged(json)) {
    const auto tree = ParseJsonTree(damaged);
    const bool is_object = tree.ok() && tree->kind == JsonNode::Kind::kObject;
    const auto hash = hasher.Hash(damaged);
    ASSERT_EQ(hash.ok(), is_object) << damaged;
    if (!is_object) continue;
    ++good;
    const std::string text = Canonical(*tree);
    EXPECT_EQ(by_text.try_emplace(text, *hash).first->second, *hash) << damaged;
    EXPECT_EQ(by_hash.try_emplace(*hash, text).first->second, text) << damaged;
  }
  EXPECT_GT(good, 500u);
  EXPECT_GT(by_text.size(), 300u);
}

}  // namespace
}  // namespace spillway
