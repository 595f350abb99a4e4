#include "sources/delta/delta_options.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

std::string Location(const std::string& root, const std::string& table) {
  const auto location = TableLocation({.root = root, .table = table});
  return location.ok() ? *location : std::string(StatusCodeName(location.status().code()));
}

TEST(DeltaOptions, ATableIsFoundBelowItsRoot) {
  EXPECT_EQ(Location("./lake", "products"), "./lake/products");
  EXPECT_EQ(Location("./lake/", "sales/products"), "./lake/sales/products");
  EXPECT_EQ(Location("abfss://gold@contoso.dfs.core.windows.net/", "products"),
            "abfss://gold@contoso.dfs.core.windows.net/products");
}

TEST(DeltaOptions, RootOrTableMayStandAlone) {
  EXPECT_EQ(Location("s3://bucket/products", ""), "s3://bucket/products");
  EXPECT_EQ(Location("", "/lake/products"), "/lake/products");
  EXPECT_EQ(Location("", ""), "invalid argument");
}

TEST(DeltaOptions, ATableCannotLeaveItsRoot) {
  EXPECT_EQ(Location("./lake", "/etc"), "invalid argument");
  EXPECT_EQ(Location("./lake", "s3://other/table"), "invalid argument");
  EXPECT_EQ(Location("./lake", "../other"), "invalid argument");
  EXPECT_EQ(Location("./lake", "a/../../other"), "invalid argument");
  EXPECT_EQ(Location("./lake", "a..b"), "./lake/a..b");
}

}  // namespace
}  // namespace spillway
