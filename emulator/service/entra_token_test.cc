#include "emulator/service/entra_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

constexpr char kAudience[] = "https://shop.documents.azure.com";
constexpr char kReader[] = "11111111-0000-0000-0000-000000000000";

ServerOptions WithEntra() {
  ServerOptions options;
  options.entra = EntraOptions{kAudience, {kReader}};
  return options;
}

std::string Base64Url(std::string_view bytes) {
  std::string text = EncodeBase64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::remove(text.begin(), text.end(), '='), text.end());
  return text;
}

class EntraToken : public testing::Test {
 protected:
  EntraToken() : client(WithEntra()) { client.MakeContainer(); }

  int64_t Now() const {
    return std::chrono::system_clock::to_time_t(client.service->account().clock.WallNow());
  }

  std::string Claims(const std::string& audience, int64_t expires_in, const std::string& oid = "",
                     const std::string& more = "") {
    return "{\"aud\":\"" + audience + "\",\"exp\":" + std::to_string(Now() + expires_in) +
           ",\"nbf\":" + std::to_string(Now()) + ",\"oid\":\"" + oid + "\"" + more + "}";
  }

  std::string WithRoles(const std::vector<std::string>& roles) {
    std::string list;
    for (const std::string& role : roles) list += (list.empty() ? "\"" : ",\"") + role + "\"";
    return Token(Claims(kAudience, 60, "somebody", ",\"roles\":[" + list + "]"));
  }

  static std::string Token(const std::string& claims, const std::string& signature = "",
                           const std::string& algorithm = "none") {
    return Base64Url("{\"alg\":\"" + algorithm + "\"}") + "." + Base64Url(claims) + "." +
           Base64Url(signature);
  }

  static std::string SignedToken(const std::string& claims, const std::string& key) {
    const std::string text = Base64Url(R"({"alg":"HS256"})") + "." + Base64Url(claims);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
    return text + "." + Base64Url({reinterpret_cast<const char*>(digest), size});
  }

  Reply Call(const std::string& token, const std::string& method, const std::string& path,
             Headers extra = {}, const std::string& body = "") {
    Headers headers = {{"host", "localhost:8081"},
                       {"authorization", "type%3Daad%26ver%3D1.0%26sig%3D" + token}};
    headers.insert(headers.end(), extra.begin(), extra.end());
    return client.Send(method, path, headers, body);
  }

  Reply Write(const std::string& token) {
    return Call(token, "POST", TestClient::kDocs, {{"x-ms-documentdb-partitionkey", R"(["a"])"}},
                R"({"id":"1","pk":"a"})");
  }

  std::string Status(const Reply& reply) {
    return std::to_string(reply.status) + "/" + Substatus(reply);
  }

  TestClient client;
};

TEST_F(EntraToken, OfTheRightAudienceWritesDocuments) {
  EXPECT_EQ(Write(Token(Claims(kAudience, 60))).status, 201);
  EXPECT_EQ(Call(Token(Claims(std::string(kAudience) + "/", 60)), "GET", "/").status, 200);
}

TEST_F(EntraToken, IsCheckedForAudienceAndTime) {
  EXPECT_EQ(Status(Write(Token(Claims("https://other", 60)))), "401/");
  EXPECT_EQ(Status(Write(Token(Claims(kAudience, -1)))), "401/5006");
  EXPECT_EQ(Status(Write(Token("{\"aud\":\"" + std::string(kAudience) + "\"}"))), "401/");
  const std::string early = "{\"aud\":\"" + std::string(kAudience) +
                            "\",\"exp\":" + std::to_string(Now() + 9000) +
                            ",\"nbf\":" + std::to_string(Now() + 3600) + "}";
  EXPECT_EQ(Status(Write(Token(early))), "401/");
}

TEST_F(EntraToken, MayBeSignedWithTheAccountKeyAndNoOther) {
  const std::string key = *DecodeBase64(kWellKnownKey);
  const std::string claims = Claims(kAudience, 60);
  EXPECT_EQ(Write(SignedToken(claims, key)).status, 201);
  EXPECT_EQ(Status(Write(SignedToken(claims, "another key"))), "401/");
  EXPECT_EQ(Status(Write(Token(claims, "x", "none"))), "401/");
  EXPECT_EQ(Status(Write(Token(claims, "x", "RS256"))), "401/");
  EXPECT_EQ(Write(Token(claims, std::string(kWellKnownKey), "RS256")).status, 409);
}

TEST_F(EntraToken, ThatIsNoneIsRefused) {
  for (const char* token : {"", "x", "a.b", "a.b.c", "..", "e30.e30.", "e30.W10."}) {
    EXPECT_EQ(Status(Write(token)), "401/") << token;
  }
}

constexpr char kAccount[] = "Microsoft.DocumentDB/databaseAccounts/";
constexpr char kContainers[] = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/";
constexpr char kReaderRole[] = "00000000-0000-0000-0000-000000000001";
constexpr char kContributorRole[] = "00000000-0000-0000-0000-000000000002";

// One request, and the one action that it takes.
struct Demand {
  std::string action;
  std::string method;
  std::string path;
  Headers headers;
  std::string body;
};

Headers OfKey(Headers more = {}) {
  more.emplace_back("x-ms-documentdb-partitionkey", R"(["a"])");
  return more;
}

Demand BulkOf(const std::string& action, const std::string& operation) {
  const Headers headers = {{"x-ms-cosmos-is-batch-request", "True"},
                           {"x-ms-cosmos-batch-atomic", "False"},
                           {"x-ms-documentdb-partitionkeyrangeid", "0"}};
  return {kContainers + action, "POST", TestClient::kDocs, headers, "[" + operation + "]"};
}

std::vector<Demand> DemandsOfDocuments() {
  const std::string docs = TestClient::kDocs;
  const std::string one = docs + "/1";
  const std::string document = R"({"id":"1","pk":"a"})";
  const std::string items = std::string(kContainers) + "items/";
  const Headers upsert = OfKey({{"x-ms-documentdb-is-upsert", "True"}});
  const Headers query = OfKey({{"x-ms-documentdb-isquery", "True"}});
  const Headers plan = {{"x-ms-cosmos-is-query-plan-request", "True"}};
  return {
      {items + "create", "POST", docs, OfKey(), document},
      {items + "upsert", "POST", docs, upsert, document},
      {items + "read", "GET", one, OfKey(), ""},
      {items + "replace", "PUT", one, OfKey(), document},
      {items + "replace", "PATCH", one, OfKey(), R"({"operations":[]})"},
      {items + "delete", "DELETE", one, OfKey(), ""},
      {items + "delete", "POST", "/dbs/d/colls/c/operations/partitionkeydelete", OfKey(), ""},
      {std::string(kContainers) + "executeQuery", "POST", docs, query, R"({"query":"SELECT 1"})"},
      {std::string(kContainers) + "executeQuery", "POST", docs, plan, R"({"query":"SELECT 1"})"},
      {std::string(kContainers) + "readChangeFeed",
       "GET",
       docs,
       {{"a-im", "Incremental feed"}},
       ""},
      {std::string(kContainers) + "readChangeFeed", "GET", docs, {}, ""},
      {std::string(kContainers) + "manageConflicts", "GET", "/dbs/d/colls/c/conflicts", {}, ""}};
}

std::vector<Demand> DemandsOfBatches() {
  const std::string key = R"("partitionKey":"[\"a\"]")";
  const std::string target = key + R"(,"id":"1")";
  const std::string body = R"(,"resourceBody":{"id":"1","pk":"a"})";
  const auto operation = [](const std::string& type, const std::string& rest) {
    return R"({"operationType":")" + type + "\"," + rest + "}";
  };
  return {
      BulkOf("items/create", operation("Create", key + body)),
      BulkOf("items/upsert", operation("Upsert", key + body)),
      BulkOf("items/replace", operation("Replace", target + body)),
      BulkOf("items/replace", operation("Patch", target + R"(,"resourceBody":{"operations":[]})")),
      BulkOf("items/delete", operation("Delete", target)),
      BulkOf("items/read", operation("Read", target))};
}

std::vector<Demand> Demands() {
  std::vector<Demand> demands;
  for (const char* path :
       {"/", "/dbs", "/dbs/d", "/dbs/d/colls", "/dbs/d/colls/c", "/dbs/d/colls/c/pkranges"}) {
    demands.push_back({std::string(kAccount) + "readMetadata", "GET", path, {}, ""});
  }
  for (const auto& more : {DemandsOfDocuments(), DemandsOfBatches()}) {
    demands.insert(demands.end(), more.begin(), more.end());
  }
  return demands;
}

TEST_F(EntraToken, EveryRequestTakesItsOwnActionAndNoOther) {
  const std::vector<Demand> demands = Demands();
  for (const Demand& demand : demands) {
    SCOPED_TRACE(demand.action + ": " + demand.method + " " + demand.path + " " + demand.body);
    std::vector<std::string> others;
    for (const Demand& other : demands) {
      if (other.action != demand.action) others.push_back(other.action);
    }
    const Reply refused =
        Call(WithRoles(others), demand.method, demand.path, demand.headers, demand.body);
    const bool metadata = demand.action.ends_with("readMetadata");
    EXPECT_EQ(Status(refused), metadata ? "403/5301" : "403/5302");
    EXPECT_THAT(refused.body, testing::HasSubstr("principal [somebody] does not have required RBAC "
                                                 "permissions to perform action [" +
                                                 demand.action + "] on resource ["));
    const Reply taken =
        Call(WithRoles({demand.action}), demand.method, demand.path, demand.headers, demand.body);
    EXPECT_NE(taken.status, 403) << taken.body;
    EXPECT_NE(taken.status, 401) << taken.body;
  }
}

TEST_F(EntraToken, ABatchIsRefusedWholeForOneOperation) {
  const std::string upsert =
      R"({"operationType":"Upsert","partitionKey":"[\"a\"]","resourceBody":{"id":"2","pk":"a"}})";
  const std::string remove = R"({"operationType":"Delete","partitionKey":"[\"a\"]","id":"1"})";
  const std::string token = WithRoles({std::string(kContainers) + "items/upsert"});
  for (const char* atomic : {"True", "False"}) {
    Headers headers = OfKey({{"x-ms-cosmos-is-batch-request", "True"},
                             {"x-ms-cosmos-batch-atomic", atomic},
                             {"x-ms-documentdb-partitionkeyrangeid", "0"}});
    const Reply reply =
        Call(token, "POST", TestClient::kDocs, headers, "[" + upsert + "," + remove + "]");
    EXPECT_EQ(Status(reply), "403/5302");
    EXPECT_THAT(reply.body, testing::HasSubstr("items/delete]"));
    EXPECT_EQ(client.Point("GET", "2", R"(["a"])").status, 404) << "nothing of it was done";
    EXPECT_EQ(Call(token, "POST", TestClient::kDocs, headers, "[" + upsert + "]").status, 200);
    ASSERT_EQ(client.Point("DELETE", "2", R"(["a"])").status, 204);
  }
}

TEST_F(EntraToken, WildcardsAndBuiltInRolesAreSets) {
  struct Case {
    std::string role;
    std::vector<std::string> refused;  // endings of actions
  };
  const Case cases[] = {
      {kReaderRole,
       {"items/create", "items/upsert", "items/replace", "items/delete", "manageConflicts"}},
      {kContributorRole, {}},
      {std::string(kContainers) + "*", {"readMetadata"}},
      {std::string(kContainers) + "items/*",
       {"readMetadata", "executeQuery", "readChangeFeed", "manageConflicts"}},
  };
  for (const Case& one : cases) {
    for (const Demand& demand : Demands()) {
      const bool refused =
          std::any_of(one.refused.begin(), one.refused.end(),
                      [&](const std::string& end) { return demand.action.ends_with("/" + end); });
      const Reply reply =
          Call(WithRoles({one.role}), demand.method, demand.path, demand.headers, demand.body);
      EXPECT_EQ(reply.status == 403, refused) << one.role << ": " << demand.action << reply.body;
    }
  }
}

TEST_F(EntraToken, OfAnUnknownRoleIsRefused) {
  for (const std::string role :
       {"reader", "Microsoft.DocumentDB/*", "", "00000000-0000-0000-0000-000000000003"}) {
    EXPECT_EQ(Status(Call(WithRoles({role}), "GET", "/")), "401/") << role;
  }
  const std::string none = Token(Claims(kAudience, 60, "", R"(,"roles":"all")"));
  EXPECT_EQ(Status(Call(none, "GET", "/")), "401/");
  EXPECT_EQ(Status(Call(WithRoles({}), "GET", "/")), "403/5301");
}

TEST_F(EntraToken, WithoutRolesIsAContributorsOrAReaders) {
  EXPECT_EQ(Write(Token(Claims(kAudience, 60, "someone else"))).status, 201);
  const std::string reader = Token(Claims(kAudience, 60, kReader));
  EXPECT_EQ(Status(Write(reader)), "403/5302");
  EXPECT_EQ(Call(reader, "GET", TestClient::kDocs + "/1", OfKey()).status, 200);
}

TEST_F(EntraToken, ChangesNoDatabaseContainerOrThroughput) {
  const std::string token = WithRoles({kContributorRole});
  const Reply made = Call(token, "POST", "/dbs", {}, R"({"id":"e"})");
  EXPECT_EQ(Status(made), "403/5300");
  EXPECT_THAT(made.body, testing::HasSubstr("[POST /dbs] cannot be authorized by AAD token in data "
                                            "plane"));
  EXPECT_EQ(Status(Call(token, "DELETE", "/dbs/d")), "403/5300");
  EXPECT_EQ(Status(Call(token, "POST", "/dbs/d/colls", {}, R"({"id":"e"})")), "403/5300");
  EXPECT_EQ(Status(Call(token, "PUT", "/dbs/d/colls/c", {}, R"({"id":"c"})")), "403/5300");
  EXPECT_EQ(Status(Call(token, "DELETE", "/dbs/d/colls/c")), "403/5300");
  EXPECT_EQ(Status(Call(token, "GET", "/offers")), "403/5300");
  EXPECT_EQ(Status(Call(token, "POST", "/dbs/d/colls/c/sprocs", {}, "{}")), "403/5300");
  EXPECT_EQ(Call(token, "GET", "/dbs/d/colls/c").status, 200);
}

TEST(EntraTokens, AreRefusedUnlessAskedFor) {
  TestClient client;
  const Reply reply =
      client.Send("GET", "/", {{"authorization", "type%3Daad%26ver%3D1.0%26sig%3Dx"}}, "");
  EXPECT_EQ(reply.status, 401);
}

}  // namespace
}  // namespace spillway::emulator
