#include "json/json_buffer.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

namespace spillway {
namespace {

std::string Escaped(std::string_view text) {
  // A copy of exactly its size, so that a sanitizer sees a read past the end.
  const auto exact = std::make_unique<char[]>(text.size());
  std::copy(text.begin(), text.end(), exact.get());
  std::string out;
  JsonBuffer buffer(&out);
  buffer.AppendString({exact.get(), text.size()});
  buffer.Finish();
  return out;
}

std::string Expected(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    char code[8];
    if (const size_t at = kShort.find(c); at != std::string_view::npos) {
      out += {'\\', kLetters[at]};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

TEST(JsonBuffer, EveryByteIsEscapedAtEveryPlaceOfEveryLength) {
  for (size_t size = 1; size <= 50; ++size) {
    for (size_t place = 0; place < size; ++place) {
      for (const char c :
           {'"', '\\', '\n', '\x01', '\x1f', '\x00', ' ', '\x7f', '\xc3', '!', '#', '['}) {
        std::string text(size, 'a');
        text[place] = c;
        ASSERT_EQ(Escaped(text), Expected(text)) << size << ' ' << place;
      }
    }
  }
}

TEST(JsonBuffer, ArbitraryBytesAreEscapedAsTheByteWiseRuleSays) {
  std::mt19937 random(5);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 80, '\0');
    for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? random() % 256 : 'x');
    ASSERT_EQ(Escaped(text), Expected(text));
  }
}

TEST(JsonBuffer, NothingButEscapesStillFits) {
  const std::string text(100'000, '\x01');
  EXPECT_EQ(Escaped(text).size(), text.size() * 6 + 2);
}

TEST(JsonBuffer, WritesOverAnEarlierTextAndBeyondIt) {
  for (const size_t earlier : {0u, 1u, 10u, 1'000u, 100'000u}) {
    std::string out(earlier, '?');
    JsonBuffer buffer(&out, 0);
    EXPECT_EQ(buffer.size(), 0u);
    for (int i = 0; i < 50; ++i) buffer.AppendString("0123456789");
    buffer.Finish();
    std::string expected;
    for (int i = 0; i < 50; ++i) expected += "\"0123456789\"";
    EXPECT_EQ(out, expected) << earlier;
  }
}

TEST(JsonBuffer, KeepsWhatStandsBeforeTheTextThatIsWrittenOver) {
  std::string out = "kept, gone";
  JsonBuffer buffer(&out, 4);
  buffer.Append("!");
  buffer.Append(std::string(50'000, 'x'));
  buffer.Finish();
  EXPECT_EQ(out, "kept!" + std::string(50'000, 'x'));
}

TEST(JsonBuffer, ClosingTakesTheLastCommaBack) {
  std::string out;
  JsonBuffer buffer(&out);
  buffer.Append("{\"a\":[");
  buffer.Ensure(1);
  buffer.Close(']');
  buffer.Append(",");
  buffer.Ensure(1);
  buffer.Close('}');
  buffer.Finish();
  EXPECT_EQ(out, "{\"a\":[]}");
}

TEST(JsonBuffer, TruncatingTakesTextBack) {
  std::string out;
  JsonBuffer buffer(&out);
  buffer.Append("keep");
  buffer.Append(std::string(1 << 20, 'x'));
  buffer.Truncate(4);
  buffer.Append("!");
  buffer.Finish();
  EXPECT_EQ(out, "keep!");
}

}  // namespace
}  // namespace spillway
