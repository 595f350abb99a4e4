#include "throughput/throughput_limit.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(ThroughputLimit, IsAShareOrANumberOfUnits) {
  EXPECT_EQ(ParseThroughputLimit("30%")->share, 0.3);
  EXPECT_EQ(ParseThroughputLimit("8000")->units_per_second, 8'000);
  EXPECT_EQ(FormatThroughputLimit(*ParseThroughputLimit("30%")), "30%");
  EXPECT_EQ(FormatThroughputLimit(*ParseThroughputLimit("8000")), "8000");
}

TEST(ThroughputLimit, AnythingElseIsRefusedWithAnExample) {
  for (const char* text : {"", "fast", "-5", "8000 RU", "120%", "0", "0%", "1e9", "0.3"}) {
    const Result<ThroughputLimit> limit = ParseThroughputLimit(text);
    EXPECT_EQ(limit.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_FALSE(limit.status().hint().empty()) << text;
  }
}

}  // namespace
}  // namespace spillway
