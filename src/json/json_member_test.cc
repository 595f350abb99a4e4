#include "json/json_member.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

bool Has(std::string_view json, std::string_view value) {
  const Result<bool> has = HasMember(json, "gone", value);
  EXPECT_TRUE(has.ok()) << has.status().ToString();
  return has.ok() && *has;
}

TEST(JsonMember, ComparesWhatTheValuesSay) {
  EXPECT_TRUE(Has(R"({"id":"1","gone":true})", "true"));
  EXPECT_TRUE(Has(R"({"gone" : 1.0})", "1"));
  EXPECT_TRUE(Has(R"({"gone":"yes"})", "\"yes\""));
  EXPECT_TRUE(Has(R"({"\u0067one":true})", "true")) << "the same name";
}

TEST(JsonMember, IsNotFooledByWhatLooksAlike) {
  EXPECT_FALSE(Has(R"({"id":"1"})", "true"));
  EXPECT_FALSE(Has(R"({"gone":false})", "true"));
  EXPECT_FALSE(Has(R"({"gone":"true"})", "true"));
  EXPECT_FALSE(Has(R"({"gone":1})", "true"));
  EXPECT_FALSE(Has(R"({"gone":null})", "true"));
  EXPECT_FALSE(Has(R"({"gone":[true]})", "true"));
  EXPECT_FALSE(Has(R"({"inner":{"gone":true}})", "true")) << "top level alone";
  EXPECT_FALSE(Has(R"({"text":"gone"})", "true"));
}

TEST(JsonMember, WhatIsNoJsonIsAnError) {
  EXPECT_EQ(HasMember("gone", "gone", "true").status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace spillway
