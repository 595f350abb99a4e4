#include "advice/key_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string_view> Split(std::string_view key) {
  std::vector<std::string_view> parts;
  SplitKey(key, &parts);
  return parts;
}

TEST(KeyText, IsTakenApart) {
  EXPECT_THAT(Split(R"(["a",5,-1.5e3,true,null,{}])"),
              ElementsAre("\"a\"", "5", "-1.5e3", "true", "null", "{}"));
  EXPECT_THAT(Split("[]"), IsEmpty());
  EXPECT_THAT(Split(R"([""])"), ElementsAre("\"\""));
}

TEST(KeyText, StringsHoldCommasBracketsAndEscapes) {
  EXPECT_THAT(Split(R"(["a,]\"b","\\",",\u001f"])"),
              ElementsAre(R"("a,]\"b")", R"("\\")", R"(",\u001f")"));
}

TEST(KeyText, LevelsArePutTogether) {
  std::string key = "rest of another";
  MakeLevels(Split(R"(["a",{},3])"), &key);
  EXPECT_EQ(key, R"(["a",{},3])");
}

TEST(KeyText, JoinedValuesAreOneString) {
  std::string key;
  MakeJoined(Split(R"(["a\"",7,true])"), &key);
  EXPECT_EQ(key, R"(["a\"-7-true"])");
  MakeJoined(Split(R"([null,"b",{}])"), &key);
  EXPECT_EQ(key, R"(["-b-"])");
}

TEST(KeyText, CountsTheValueNotItsText) {
  EXPECT_EQ(ValueBytes("\"\""), 0u);
  EXPECT_EQ(ValueBytes("\"abc\""), 3u);
  EXPECT_EQ(ValueBytes(R"("a\"\u001fb\\")"), 5u);
  EXPECT_EQ(ValueBytes("125"), 3u);
  EXPECT_EQ(ValueBytes("{}"), 0u);
}

}  // namespace
}  // namespace spillway
