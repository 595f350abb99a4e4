#include "emulator/http/http2_preface.h"

#include <gtest/gtest.h>

#include <string>

namespace spillway::emulator {
namespace {

std::string Frame(char type, const std::string& payload) {
  return std::string{'\0', '\0', static_cast<char>(payload.size()), type, '\0'} +
         std::string("\0\0\0\x01", 4) + payload;
}

constexpr char kHeaders = 1;
constexpr char kSettings = 4;
constexpr char kWindowUpdate = 8;

TEST(Http2Preface, ARequestIsAHeadersFrameBehindWhateverElseCame) {
  const std::string begin = std::string(kHttp2Preface) + Frame(kSettings, "123456") +
                            Frame(kWindowUpdate, std::string("\0\0\0\x01", 4));
  EXPECT_FALSE(HoldsHttp2Request(begin));
  const std::string whole = begin + Frame(kHeaders, "x");
  EXPECT_TRUE(HoldsHttp2Request(whole));
  // Its head is enough; not less.
  EXPECT_TRUE(HoldsHttp2Request(whole.substr(0, begin.size() + 9)));
  for (size_t size = 0; size < begin.size() + 9; ++size) {
    EXPECT_FALSE(HoldsHttp2Request(whole.substr(0, size))) << size;
  }
}

TEST(Http2Preface, OtherBytesHoldNoRequest) {
  EXPECT_FALSE(HoldsHttp2Request("GET / HTTP/1.1\r\n\r\n" + Frame(kHeaders, "")));
  EXPECT_FALSE(HoldsHttp2Request("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + Frame(kHeaders, "")));
}

}  // namespace
}  // namespace spillway::emulator
