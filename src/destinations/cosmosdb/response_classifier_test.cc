#include "destinations/cosmosdb/response_classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::cosmosdb {
namespace {

constexpr Disposition kRetry = Disposition::kRetry;
constexpr Disposition kUnsure = Disposition::kUnsure;
constexpr Disposition kReject = Disposition::kReject;
constexpr Disposition kStop = Disposition::kStop;

struct Case {
  int status;
  int sub_status;
  Disposition disposition;
  const char* reason;
  Recovery recovery = Recovery::kNone;
};

class Verdict : public testing::TestWithParam<Case> {};

TEST_P(Verdict, IsTheTables) {
  const Case& c = GetParam();
  const Classification verdict = Classify(c.status, c.sub_status);
  EXPECT_EQ(verdict.disposition, c.disposition) << c.status << "/" << c.sub_status;
  EXPECT_EQ(verdict.reason, c.reason) << c.status << "/" << c.sub_status;
  EXPECT_EQ(verdict.recovery, c.recovery) << c.status << "/" << c.sub_status;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Verdict,
    testing::Values(
        Case{400, 0, kReject, "http_400", Recovery::kSmallerRequest},
        Case{400, 1001, kReject, "partition_key_mismatch"},
        Case{400, 1004, kReject, "query_needs_plan"},
        Case{400, 1013, kReject, "http_400", Recovery::kSmallerRequest},
        Case{400, 1018, kReject, "http_400", Recovery::kSmallerRequest},
        Case{400, 1024, kRetry, "container_changed", Recovery::kCheckContainer},
        Case{400, 3205, kRetry, "offer_change_pending"}, Case{401, 0, kStop, "unauthenticated"},
        Case{401, 5000, kStop, "unauthenticated"}, Case{401, 5006, kStop, "unauthenticated"},
        Case{401, 5202, kStop, "unauthenticated"}, Case{403, 0, kStop, "forbidden"},
        Case{403, 3, kRetry, "write_region_moved", Recovery::kRefreshAccount},
        Case{403, 1005, kStop, "forbidden"},
        Case{403, 1008, kRetry, "region_removed", Recovery::kRefreshAccount},
        Case{403, 1010, kStop, "forbidden"}, Case{403, 1014, kReject, "logical_partition_full"},
        Case{403, 1015, kStop, "forbidden"}, Case{403, 1032, kRetry, "delete_limit"},
        Case{403, 5300, kStop, "forbidden"}, Case{403, 5302, kStop, "forbidden"},
        Case{403, 5400, kStop, "forbidden"}, Case{404, 0, kReject, "not_found"},
        Case{404, 1002, kRetry, "session_not_available"},
        Case{404, 1003, kStop, "container_missing"},
        Case{404, 1013, kRetry, "container_in_creation"},
        Case{404, 1023, kRetry, "store_not_ready"}, Case{408, 0, kUnsure, "request_timeout"},
        Case{408, 1900, kUnsure, "request_timeout"}, Case{409, 0, kReject, "id_exists"},
        Case{409, 1006, kRetry, "control_conflict"}, Case{409, 3206, kReject, "id_exists"},
        Case{409, 3301, kReject, "unique_key"}, Case{409, 3302, kReject, "partition_key_collision"},
        Case{410, 0, kRetry, "gone", Recovery::kRefreshRanges},
        Case{410, 1000, kRetry, "container_changed", Recovery::kCheckContainer},
        Case{410, 1002, kRetry, "range_gone", Recovery::kRefreshRanges},
        Case{410, 1007, kRetry, "range_splitting", Recovery::kRefreshRanges},
        Case{410, 1008, kRetry, "range_moving", Recovery::kRefreshRanges},
        Case{410, 1022, kRetry, "gone", Recovery::kRefreshRanges}));

INSTANTIATE_TEST_SUITE_P(
    Table2, Verdict,
    testing::Values(
        Case{412, 0, kReject, "etag_mismatch"}, Case{412, 1110, kReject, "patch_condition"},
        Case{412, 2001, kRetry, "management_lock"}, Case{412, 2101, kRetry, "management_lock"},
        Case{412, 2102, kReject, "etag_mismatch"},
        Case{413, 0, kReject, "too_large", Recovery::kSmallerRequest},
        Case{413, 3401, kRetry, "transaction_limit", Recovery::kSmallerRequest},
        Case{413, 3402, kRetry, "response_too_large"}, Case{423, 0, kRetry, "locked"},
        Case{424, 0, kRetry, "failed_dependency"}, Case{429, 0, kRetry, "throttled"},
        Case{429, 3075, kRetry, "throttled"}, Case{429, 3092, kRetry, "throttled"},
        Case{429, 3200, kRetry, "throttled"}, Case{429, 3201, kRetry, "throttled"},
        Case{429, 3210, kRetry, "throttled"}, Case{429, 3212, kRetry, "throttled"},
        Case{429, 3214, kRetry, "throttled"}, Case{449, 0, kRetry, "concurrent_update"},
        Case{449, 5350, kRetry, "concurrent_update"}, Case{500, 0, kUnsure, "http_500"},
        Case{503, 0, kRetry, "service_unavailable"},
        Case{503, 21008, kRetry, "service_unavailable"}, Case{405, 0, kReject, "http_4xx"},
        Case{418, 7, kReject, "http_4xx"}, Case{502, 0, kUnsure, "http_5xx"},
        Case{504, 0, kUnsure, "http_5xx"}, Case{301, 0, kUnsure, "http_5xx"}));

TEST(ToStatus, CarriesTheServicesWordsAndItsActivity) {
  const Status status = ToStatus({.status = 429,
                                  .sub_status = 3200,
                                  .message = "Request rate is large",
                                  .activity_id = "11-22",
                                  .retry_after = std::chrono::milliseconds(9)});
  EXPECT_EQ(status.code(), StatusCode::kThrottled);
  EXPECT_EQ(status.message(), "429/3200: Request rate is large (activity 11-22)");
  EXPECT_EQ(status.retry_after(), std::chrono::milliseconds(9));
}

TEST(ToStatus, RefusedCredentialsComeWithAHint) {
  for (const int code : {401, 403}) {
    EXPECT_FALSE(ToStatus({.status = code, .sub_status = 0, .message = {}, .activity_id = {}})
                     .hint()
                     .empty());
  }
}

std::string HintOfRefusal(int sub_status, std::string_view message) {
  const Status status =
      ToStatus({.status = 403, .sub_status = sub_status, .message = message, .activity_id = {}});
  return std::string(status.hint());
}

TEST(ToStatus, ARoleThatLacksAnActionIsToldWhich) {
  const std::string action =
      "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/upsert";
  const std::string message =
      "Request is blocked because principal [7] does not have required "
      "RBAC permissions to perform action [" +
      action + "] on resource [dbs/d/colls/c]. Learn more: there.";
  EXPECT_THAT(HintOfRefusal(5302, message),
              testing::AllOf(testing::HasSubstr("lacks the data action " + action + ":"),
                             testing::HasSubstr("az cosmosdb sql role assignment create")));
  for (const char* wordless : {"", "Forbidden", "to perform action [", "perform action []"}) {
    EXPECT_THAT(HintOfRefusal(5301, wordless),
                testing::StartsWith("give the identity a data-plane"))
        << wordless;
  }
  EXPECT_THAT(HintOfRefusal(5300, "The given request [POST /dbs] cannot be authorized"),
              testing::StartsWith("no data-plane role allows this: name the account's `arm`"));
}

TEST(MessageOfBody, IsTheFirstLineOfTheMessage) {
  EXPECT_EQ(MessageOfBody(R"({"code":"Gone","message":"Range is gone\r\nActivityId: 1"})"),
            "Range is gone");
  EXPECT_EQ(MessageOfBody("<html>502</html>\nmore"), "<html>502</html>");
  EXPECT_EQ(MessageOfBody(""), "");
  EXPECT_EQ(MessageOfBody("[1]"), "[1]");
}

TEST(MessageOfBody, IsBoundedWithoutCuttingACharacter) {
  std::string long_text = "x";
  for (int i = 0; i < 600; ++i) long_text += "\xC3\xBC";
  const std::string message = MessageOfBody(long_text);
  EXPECT_EQ(message.size(), 499u);
  EXPECT_TRUE(message.ends_with("\xC3\xBC"));
}

}  // namespace
}  // namespace spillway::cosmosdb
