// Random bodies, keys and continuations: every reply is one of the service's, and the store stays
// whole.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

constexpr int kRounds = 5'000;

constexpr std::array<std::string_view, 5> kDocuments = {
    R"({"id":"1","pk":"a","n":1.5e3,"s":"x\u00e9\n","o":{"p":[1,{"q":null}]},"ttl":-1})",
    R"({"id":"2","pk":"a","_rid":"x","_ts":1,"big":12345678901234567890})",
    R"([{"operationType":"Upsert","partitionKey":"[\"a\"]","resourceBody":{"id":"3","pk":"a"}},
        {"operationType":"Patch","partitionKey":"[\"a\"]","id":"1","resourceBody":{"operations":[{"op":"incr","path":"/n","value":1}]}}])",
    R"({"query":"SELECT * FROM c WHERE c.n > @n","parameters":[{"name":"@n","value":1}]})",
    R"({"condition":"from c where c.n = 1","operations":[{"op":"set","path":"/s","value":{"a":1}}]})"};

constexpr std::array<std::string_view, 4> kKeys = {R"(["a"])", "[1]", "[{}]", R"(["a","b"])"};

std::string Mutate(std::string text, std::mt19937& random) {
  constexpr std::string_view kCharacters = "{}[]\",:\\/0-9truefalsn\x01\xff e";
  for (int i = static_cast<int>(random() % 4); i > 0 && !text.empty(); --i) {
    const size_t at = random() % text.size();
    switch (random() % 3) {
      case 0:
        text.erase(at, 1 + random() % 5);
        break;
      case 1:
        text.insert(at, 1, kCharacters[random() % kCharacters.size()]);
        break;
      default:
        text[at] = kCharacters[random() % kCharacters.size()];
    }
  }
  return text;
}

TEST(ServiceFuzz, MutatedRequestsGetAReplyOfTheService) {
  ServerOptions options;
  options.unlimited = true;
  TestClient client(options);
  client.MakeContainer(2);
  std::mt19937 random(20240131);
  for (int round = 0; round < kRounds; ++round) {
    const std::string body = Mutate(std::string(kDocuments[random() % kDocuments.size()]), random);
    const std::string key = Mutate(std::string(kKeys[random() % kKeys.size()]), random);
    SCOPED_TRACE("round " + std::to_string(round) + ": " + key + " " + body);
    Reply reply;
    switch (random() % 6) {
      case 0:
        reply = client.Write(body, key);
        break;
      case 1:
        reply = client.Bulk(body, "0");
        break;
      case 2:
        reply = client.Atomic(body, key);
        break;
      case 3:
        reply = client.Point("PATCH", "1", key, {}, body);
        break;
      case 4:
        reply = client.Call("POST", TestClient::kDocs,
                            {{"x-ms-documentdb-isquery", "true"},
                             {"x-ms-documentdb-query-enablecrosspartition", "true"},
                             {"x-ms-continuation", random() % 2 == 0 ? key : ""}},
                            body);
        break;
      default:
        reply = client.Call("POST", "/dbs/d/colls", {}, body);
    }
    ASSERT_GE(reply.status, 200);
    ASSERT_LT(reply.status, 500) << reply.body;
    if (!reply.body.empty()) {
      ASSERT_TRUE(ParseJson(reply.body).ok()) << reply.body;
    }
  }
  EXPECT_EQ(client.Query("SELECT * FROM c").status, 200);
}

}  // namespace
}  // namespace spillway::emulator
