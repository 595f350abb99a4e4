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
  EXPECT_EQ(*PartitionKeyOf(R"({"city":"Bergen","tenant":{"id":7.5}})", paths),
            R"([7.5,"Bergen",{}])");
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
