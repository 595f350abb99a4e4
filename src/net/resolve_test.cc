#include "net/resolve.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(ResolveHost, GivesTheAddressOfANameOrSaysThatItIsNotKnown) {
  EXPECT_EQ(*ResolveHost("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(*ResolveHost("::1"), "::1");
  const auto unknown = ResolveHost("not a name");
  EXPECT_EQ(unknown.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(unknown.status().hint(), "");
}

}  // namespace
}  // namespace spillway
