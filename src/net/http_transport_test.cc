#include "net/http_transport.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

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
