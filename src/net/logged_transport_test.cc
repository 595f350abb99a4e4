#include "net/logged_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/log_capture.h"
#include "net/fake_transport.h"

namespace spillway {
namespace {

using testing::HasSubstr;
using testing::Not;

class LoggedTransportTest : public testing::Test {
 protected:
  // Sends one request that is full of secrets, answered after 12 ms.
  Result<HttpResponse> Send(LogLevel level, Result<HttpResponse> answer) {
    log_.Start(level);
    FakeNetwork network([&](const SeenRequest&) {
      clock_.Advance(std::chrono::milliseconds(12));
      return answer;
    });
    auto transport = LoggedTransport(*network.factory()(), clock_);
    return transport->Send({.method = HttpMethod::kPost,
                            .url = "https://shop.example:443/dbs/d/colls/c/docs?sig=s3cret",
                            .headers = {{"authorization", "s3cret"}},
                            .body = std::string_view("{\"password\":\"s3cret\"}")},
                           {});
  }

  std::string Written() const { return log_.Written(); }

  ManualClock clock_;
  LogCapture log_{clock_};
};

TEST_F(LoggedTransportTest, TellsEachRequestAtTraceLevel) {
  const Result<HttpResponse> answer =
      Send(LogLevel::kTrace, FakeResponse(429, "s3cret",
                                          {{"x-ms-substatus", "3200"},
                                           {"x-ms-request-charge", "1.5"},
                                           {"x-ms-request-duration-ms", "0.25"},
                                           {"x-ms-retry-after-ms", "9"},
                                           {"x-ms-activity-id", "11-22"},
                                           {"set-cookie", "s3cret"}}));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(Written(),
            "2023-11-14T22:13:20.012Z trace http: POST https://shop.example:443/dbs/d/colls/c/docs "
            "429, 12.0 ms, 21 bytes out, 6 in, substatus 3200, 1.5 RU, there 0.25 ms, retry after "
            "9 ms, activity 11-22\n");
}

TEST_F(LoggedTransportTest, TellsWhatWasNotAnsweredAtDebugLevel) {
  const Result<HttpResponse> answer = Send(LogLevel::kDebug, Unsure("the connection was closed"));
  EXPECT_EQ(answer.status().code(), StatusCode::kUnsure);
  EXPECT_THAT(Written(),
              HasSubstr("debug http: POST https://shop.example:443/dbs/d/colls/c/docs "
                        "failed after 12.0 ms: outcome unknown: the connection was closed\n"));
  EXPECT_THAT(Written(), Not(HasSubstr("s3cret")));
}

TEST_F(LoggedTransportTest, SaysNothingOfAnswersBelowTrace) {
  EXPECT_TRUE(Send(LogLevel::kDebug, FakeResponse(200, "")).ok());
  EXPECT_TRUE(Send(LogLevel::kInfo, FakeResponse(200, "")).ok());
  EXPECT_EQ(Written(), "");
}

}  // namespace
}  // namespace spillway
