#include "json/document_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using ::testing::ElementsAre;

TEST(DocumentKey, IdentityTellsPartitionKeyFromId) {
  EXPECT_EQ(DocumentIdentity(R"(["a"])", "b"), DocumentIdentity(R"(["a"])", "b"));
  EXPECT_NE(DocumentIdentity(R"(["a"])", "b"), DocumentIdentity(R"(["b"])", "a"));
  EXPECT_NE(DocumentIdentity(R"(["a"])", "b"), DocumentIdentity(R"([null])", "b"));
}

TEST(DocumentKey, NumbersAndStringsOfAPartitionKeyHaveOneForm) {
  EXPECT_EQ(*CanonicalPartitionKey(R"([ "\u0061", 5.0, 1e2, null, {}, true ])"),
            R"(["a",5,100,null,{},true])");
  EXPECT_EQ(*CanonicalPartitionKey("[]"), "[]");
}

TEST(DocumentKey, APartitionKeyOfObjectsOrArraysIsRefused) {
  for (const char* text : {R"([{"a":1}])", "[[1]]", "{}", "x", ""}) {
    EXPECT_EQ(CanonicalPartitionKey(text).status().code(), StatusCode::kDataLoss) << text;
  }
}

TEST(DocumentKey, IsReadFromADocumentByItsPaths) {
  const std::vector<std::string> paths{"/tenant/id", "/city", "/missing/x"};
  EXPECT_EQ(*PartitionKeyOf(R"({"id":"x","city":"Bergen","tenant":{"id":7.5}})", paths),
            R"([7.5,"Bergen",{}])");
}

struct KeyCase {
  const char* json;
  const char* key;
  const char* id;
};

TEST(DocumentKey, StoredDocumentsGiveTheirKeyAsItWasWritten) {
  const std::vector<std::string> paths{"/k", "/o/x"};
  auto reader = DocumentKeyReader::Make(paths, NumberForm::kAsWritten);
  ASSERT_TRUE(reader.ok());
  for (const KeyCase& c : {KeyCase{R"({"id":"1","k":"a","o":{"x":1}})", R"(["a",1])", "1"},
                           {R"({"o":{"y":1, "x" : 9007199254740993 },"k":12.50,"id":"é\""})",
                            "[12.50,9007199254740993]", "é\""},
                           {R"({"id":"1"})", "[{},{}]", "1"},
                           {R"({"id":"1","k":null,"o":null})", "[null,{}]", "1"},
                           {R"({"id":"1","k":true,"o":5})", "[true,{}]", "1"},
                           {R"({"id":"1","k":"\u0041","o":{"x":false}})", R"(["A",false])", "1"}}) {
    std::string key, id;
    const Status status = reader->Read(c.json, &key, &id);
    ASSERT_TRUE(status.ok()) << c.json << status.ToString();
    EXPECT_EQ(key, c.key);
    EXPECT_EQ(id, c.id);
  }
}

TEST(DocumentKey, DocumentsWithoutAReadableKeyAreDataLoss) {
  const std::vector<std::string> paths{"/k"};
  auto reader = DocumentKeyReader::Make(paths, NumberForm::kDouble);
  std::string key, id;
  for (const char* json : {"", "[]", "{}", R"({"id":1,"k":1})", R"({"id":"1","k":{"a":1}})",
                           R"({"id":"1","k":[1]})", R"({"id":"1","k":1x})", R"({"id":"1","k")"}) {
    EXPECT_EQ(reader->Read(json, &key, &id).code(), StatusCode::kDataLoss) << json;
  }
  EXPECT_TRUE(reader->Read(R"({"id":"1","k":1e2})", &key, &id).ok());
  EXPECT_EQ(key, "[100]");
}

TEST(DocumentKey, PathsMayQuoteTheirNames) {
  EXPECT_THAT(*ParsePartitionKeyPath("/a/b"), ElementsAre("a", "b"));
  EXPECT_THAT(*ParsePartitionKeyPath(R"(/"a/b"/c)"), ElementsAre("a/b", "c"));
  for (const char* path : {"", "a", "/", "/a/", "//a", R"(/"a)", R"(/"a"b)", R"(/"")"}) {
    EXPECT_EQ(ParsePartitionKeyPath(path).status().code(), StatusCode::kInvalidArgument) << path;
  }
}

}  // namespace
}  // namespace spillway
