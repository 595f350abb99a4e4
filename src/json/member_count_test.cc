#include "json/member_count.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(MemberCount, CountsTheTopAlone) {
  EXPECT_EQ(CountMembers("{}"), 0u);
  EXPECT_EQ(CountMembers(R"({"a":1})"), 1u);
  EXPECT_EQ(CountMembers(R"({"a":{"b":1,"c":[{"d":2}]},"e":[1,2,{"f":3}],"g":null})"), 3u);
}

TEST(MemberCount, WhatStandsInTextsIsNoMember) {
  EXPECT_EQ(CountMembers(R"({"a":"x\":{\"y\":1,\\","b:c":"[{:"})"), 2u);
}

}  // namespace
}  // namespace spillway
