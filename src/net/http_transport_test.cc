#include "net/http_transport.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(HttpBody, IsItsPiecesOneAfterAnother) {
  const std::string_view pieces[] = {"a", "", "bc", "d"};
  const HttpBody body{std::span(pieces)};
  std::string text = "left over";
  body.JoinTo(&text);
  EXPECT_EQ(text, "abcd");
  EXPECT_EQ(body.size(), 4u);
}

TEST(HttpBody, OfOneTextIsOnePiece) {
  const std::string whole = "abc";
  const HttpBody body = whole;
  ASSERT_EQ(body.pieces().size(), 1u);
  EXPECT_EQ(body.pieces().front().data(), whole.data());
  EXPECT_EQ(body.size(), 3u);
}

TEST(HttpBody, OfNothingIsEmpty) {
  std::string text = "left over";
  HttpBody().JoinTo(&text);
  EXPECT_EQ(text, "");
  EXPECT_EQ(HttpBody(std::span<const std::string_view>()).size(), 0u);
}

TEST(HttpHeaders, AreFoundWithoutCase) {
  HttpHeaders headers;
  headers.Add("x-ms-request-charge", "5.29");
  headers.Add("ETag", "\"1\"");
  headers.Add("x-empty", "");
  EXPECT_EQ(headers.Find("X-MS-Request-Charge"), "5.29");
  EXPECT_EQ(headers.Find("etag"), "\"1\"");
  EXPECT_EQ(headers.Find("x-empty"), "");
  EXPECT_EQ(headers.Find("x-ms-request"), "");
}

TEST(HttpHeaders, TheFirstOfAnAmbiguousPairCounts) {
  HttpHeaders headers;
  headers.Add("a", "1");
  headers.Add("A", "2");
  EXPECT_EQ(headers.Find("a"), "1");
  headers.Clear();
  EXPECT_EQ(headers.Find("a"), "");
}

}  // namespace
}  // namespace spillway
