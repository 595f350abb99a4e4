#include "destinations/cosmosdb/cosmos_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/fake_cosmos.h"

namespace spillway::cosmosdb {
namespace {

using testing::ElementsAre;

constexpr char kMiddle[] = "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";

struct KeyCase {
  std::vector<std::string> paths;
  const char* item;
  const char* key;
};

TEST(PageParser, GivesEachDocumentItsBodyIdAndKey) {
  const KeyCase cases[] = {
      {{"/pk"}, R"({"id":"1","pk":"a"})", R"(["a"])"},
      {{"/pk"}, R"({"pk": 5 ,"id":"1"})", "[5]"},
      {{"/pk"}, R"({"pk":5.0,"id":"1"})", "[5]"},
      {{"/pk"}, R"({"pk":-0,"id":"1"})", "[0]"},
      {{"/pk"}, R"({"pk":1.5e3,"id":"1"})", "[1500]"},
      {{"/pk"}, R"({"pk":"\u0061\/","id":"1"})", R"(["a/"])"},
      {{"/pk"}, R"({"id":"1","pk":null})", "[null]"},
      {{"/pk"}, R"({"id":"1","pk":true})", "[true]"},
      {{"/pk"}, R"({"id":"1"})", "[{}]"},
      {{"/pk"}, R"({"id":"1","pk":{"a":1}})", "[{}]"},
      {{"/pk"}, R"({"id":"1","pk":[1]})", "[{}]"},
      {{"/a/b"}, R"({"a":{"x":[1,{"b":2}],"b":"deep"},"id":"1"})", R"(["deep"])"},
      {{"/a/b"}, R"({"a":7,"id":"1"})", "[{}]"},
      {{"/t", "/u/v", "/id"}, R"({"u":{"v":2},"id":"1","t":"x"})", R"(["x",2,"1"])"},
      {{}, R"({"id":"1"})", "[]"},
  };
  for (const KeyCase& c : cases) {
    PageParser parser(c.paths);
    std::string body = "{\"_rid\":\"x\",\"Documents\":[" + std::string(c.item) + "],\"_count\":1}";
    const auto page = parser.Parse(&body);
    ASSERT_TRUE(page.ok()) << page.status().ToString();
    ASSERT_EQ(page->size(), 1u);
    EXPECT_EQ((*page)[0].body, c.item);
    EXPECT_EQ((*page)[0].id, "1");
    EXPECT_EQ((*page)[0].partition_key, c.key) << c.item;
  }
}

TEST(PageParser, UnescapesIds) {
  PageParser parser({"/pk"});
  std::string body = R"({"Documents":[{"id":"a\"\u00fc"},{"id":"b"}]})";
  const auto page = parser.Parse(&body);
  EXPECT_EQ((*page)[0].id, "a\"\xC3\xBC");
  EXPECT_EQ((*page)[1].id, "b");
}

TEST(PageParser, APageThatIsCutOffIsAnError) {
  PageParser parser({"/pk"});
  for (const char* text :
       {"", "{}", "[]", R"({"Documents":[{"id":"1")", R"({"Documents":[{"id":"1"})",
        R"({"Documents":[{"x":1}]})", R"({"Documents":[1]})", R"({"Documents":7})"}) {
    std::string body = text;
    EXPECT_EQ(parser.Parse(&body).status().code(), StatusCode::kDataLoss) << text;
  }
}

class CosmosReaderTest : public testing::Test {
 protected:
  // Reads everything with all readers; ids in the order they came.
  std::vector<std::string> ReadAll() {
    destination_ = *MakeCosmosDestination(FakeOptions(), cosmos_.factory(), clock_);
    auto readers = destination_->OpenReaders({});
    EXPECT_TRUE(readers.ok()) << readers.status().ToString();
    std::vector<std::string> ids;
    for (const auto& reader : *readers) {
      while (true) {
        const auto page = reader->NextPage({});
        status_ = page.status();
        if (!page.ok()) return ids;
        cost_ = reader->cost();
        if (page->empty()) break;
        for (const StoredDocument& document : *page) ids.emplace_back(document.id);
      }
    }
    return ids;
  }
  static HttpResponse Page(const std::string& id, const char* continuation = "") {
    HttpResponse response = FakeResponse(
        200, id.empty() ? "{\"Documents\":[]}" : "{\"Documents\":[{\"id\":\"" + id + "\"}]}");
    if (*continuation != '\0') response.headers.Add("x-ms-continuation", continuation);
    return response;
  }

  FakeCosmos cosmos_;
  ManualClock clock_;
  std::unique_ptr<Destination> destination_;
  Status status_;
  double cost_ = 0;  // of the last reader
};

TEST_F(CosmosReaderTest, FollowsContinuationsPastEmptyPages) {
  cosmos_.documents = [](const SeenRequest& request) {
    EXPECT_EQ(request.http.method, HttpMethod::kGet);
    EXPECT_TRUE(request.http.repeatable);
    EXPECT_EQ(request.Header("x-ms-start-epk"), "");
    const std::string at = request.Header("x-ms-continuation");
    if (at.empty()) return Page("a", "1");
    if (at == "1") return Page("", "2");
    return Page("b");
  };
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
}

TEST_F(CosmosReaderTest, AddsUpWhatPagesCostTheEmptyOnesToo) {
  cosmos_.documents = [](const SeenRequest& request) {
    const std::string at = request.Header("x-ms-continuation");
    HttpResponse page = at.empty() ? Page("a", "1") : at == "1" ? Page("", "2") : Page("b");
    page.headers.Add("x-ms-request-charge", at.empty() ? "2.5" : "1.25");
    return page;
  };
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
  EXPECT_DOUBLE_EQ(cost_, 5);
}

TEST_F(CosmosReaderTest, ASplitInTheMiddleContinuesOnBothChildren) {
  cosmos_.documents = [&](const SeenRequest& request) {
    const std::string range = request.Header("x-ms-documentdb-partitionkeyrangeid");
    const std::string at = request.Header("x-ms-continuation");
    if (range == "0" && at.empty()) return Page("a", "t1");
    if (range == "0") {
      cosmos_.ranges = {{"0", "", "FF"}, {"1", "", kMiddle, {"0"}}, {"2", kMiddle, "FF", {"0"}}};
      return FakeResponse(410, "{}", {{"x-ms-substatus", "1002"}});
    }
    EXPECT_EQ(at, "t1");
    return Page(range == "1" ? "low" : "high");
  };
  EXPECT_THAT(ReadAll(), ElementsAre("a", "low", "high"));
}

TEST_F(CosmosReaderTest, AMergeInTheMiddleReadsOnlyTheReadersPart) {
  cosmos_.ranges = {{"1", "", kMiddle}, {"2", kMiddle, "FF"}};
  cosmos_.documents = [&](const SeenRequest& request) {
    const std::string range = request.Header("x-ms-documentdb-partitionkeyrangeid");
    if (range != "3") {
      cosmos_.ranges = {{"1", "", kMiddle}, {"2", kMiddle, "FF"}, {"3", "", "FF", {"1", "2"}}};
      return FakeResponse(410, "{}", {{"x-ms-substatus", "1002"}});
    }
    EXPECT_EQ(request.Header("x-ms-read-key-type"), "EffectivePartitionKeyRange");
    const std::string start = request.Header("x-ms-start-epk");
    EXPECT_EQ(request.Header("x-ms-end-epk"), start.empty() ? kMiddle : "FF");
    return Page(start.empty() ? "low" : "high");
  };
  EXPECT_THAT(ReadAll(), ElementsAre("low", "high"));
}

TEST_F(CosmosReaderTest, BusyServicesAreAskedAgainAndGivenUpOnInTheEnd) {
  int calls = 0;
  cosmos_.documents = [&](const SeenRequest&) -> Result<HttpResponse> {
    switch (++calls) {
      case 1:
        return FakeResponse(429, "{}", {{"x-ms-retry-after-ms", "70"}});
      case 2:
        return FakeResponse(503, "{}");
      case 3:
        return Unsure("closed before the answer");
      case 4:
        return FakeResponse(404, "{}", {{"x-ms-substatus", "1002"}});
      default:
        return Page("a");
    }
  };
  const SteadyTime before = clock_.Now();
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
  EXPECT_GE(clock_.Now() - before, std::chrono::milliseconds(70));
  cosmos_.documents = [](const SeenRequest&) { return FakeResponse(503, R"({"message":"busy"})"); };
  const size_t requests = cosmos_.writes().size();
  ReadAll();
  EXPECT_EQ(status_.code(), StatusCode::kUnavailable);
  EXPECT_EQ(cosmos_.writes().size() - requests, RetryPolicy().attempts_max);
}

TEST_F(CosmosReaderTest, ARangeThatStaysGoneIsGivenUpOnInTheEnd) {
  cosmos_.documents = [](const SeenRequest&) {
    return FakeResponse(410, "{}", {{"x-ms-substatus", "1007"}});
  };
  ReadAll();
  EXPECT_EQ(status_.code(), StatusCode::kUnavailable);
}

TEST_F(CosmosReaderTest, AContainerThatVanishedIsAnErrorNotTheEnd) {
  cosmos_.documents = [](const SeenRequest&) { return FakeResponse(404, R"({"message":"gone"})"); };
  ReadAll();
  EXPECT_EQ(status_.code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace spillway::cosmosdb
