#include "net/url.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

struct GoodUrl {
  const char* text;
  const char* origin;
  const char* path;
};

TEST(Url, IsSplitIntoOriginAndPath) {
  const GoodUrl cases[] = {
      {"https://contoso.documents.azure.com:443/", "https://contoso.documents.azure.com:443", "/"},
      {"https://contoso.documents.azure.com", "https://contoso.documents.azure.com:443", "/"},
      {"HTTPS://Contoso.Documents.Azure.com/x?y=1", "https://contoso.documents.azure.com:443",
       "/x?y=1"},
      {"http://127.0.0.1:8081/dbs", "http://127.0.0.1:8081", "/dbs"},
      {"http://localhost", "http://localhost:80", "/"},
      {"https://[::1]:8081/", "https://[::1]:8081", "/"},
      {"https://[::1]", "https://[::1]:443", "/"},
      {"https://host?q=1", "https://host:443", "/?q=1"},
  };
  for (const GoodUrl& c : cases) {
    const Result<Url> url = ParseUrl(c.text);
    ASSERT_TRUE(url.ok()) << c.text << ": " << url.status().ToString();
    EXPECT_EQ(url->Origin(), c.origin) << c.text;
    EXPECT_EQ(url->path, c.path) << c.text;
  }
}

TEST(Url, IsRefusedWhenItCannotBeUsed) {
  for (const char* text :
       {"", "contoso.documents.azure.com", "ftp://host/", "https://", "https://:443/",
        "https://host:0/", "https://host:65536/", "https://host:4x/", "https://host:/",
        "https://user:key@host/", "https://ho st/", "https://h\xC3\xB6st/", "https://[::1/",
        "https://[::1]x/", "https://host/\n"}) {
    EXPECT_EQ(ParseUrl(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(Url, KnowsWhichHostsAreThisMachine) {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"example.com", "127.example.com", "127.0.0.1.example.com", "10.0.0.1",
                           "0.0.0.0", "localhost.example.com", "127.0.0", "::2", ""}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(PercentEncode, EscapesEverythingThatIsNotUnreserved) {
  EXPECT_EQ(PercentEncode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(PercentEncode("a b+\xC3\xBC"), "a%20b%2B%C3%BC");
  EXPECT_EQ(PercentEncode("%/\\?#\"'="), "%25%2F%5C%3F%23%22%27%3D");
  EXPECT_EQ(PercentEncode(std::string_view("\0\x7f", 2)), "%00%7F");
}

}  // namespace
}  // namespace spillway
