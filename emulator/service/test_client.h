// TestClient: signed requests straight into a service, for tests.
#ifndef SPILLWAY_EMULATOR_SERVICE_TEST_CLIENT_H_
#define SPILLWAY_EMULATOR_SERVICE_TEST_CLIENT_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/json/value.h"
#include "emulator/service/service.h"
#include "emulator/service/signature.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {

using Headers = std::vector<std::pair<std::string, std::string>>;

class TestClient {
 public:
  explicit TestClient(ServerOptions options = {}) {
    auto made = Service::Make(std::move(options), clock);
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    service = *std::move(made);
  }

  // Headers of a signed request; `sign_as` replaces the path where the two differ.
  Headers Signed(std::string_view method, std::string_view path) const {
    const std::string date = FormatRfc1123(service->account().clock.WallNow());
    const auto parsed = ParseResourcePath(path);
    const std::string signature = parsed.ok() ? Sign(*DecodeBase64(kWellKnownKey), method,
                                                     parsed->signed_type, parsed->signed_link, date)
                                              : "";
    return {{"host", "localhost:8081"},
            {"x-ms-date", date},
            {"authorization", "type%3Dmaster%26ver%3D1.0%26sig%3D" + Encoded(signature)}};
  }

  Reply Call(std::string method, std::string path, Headers extra = {}, std::string body = "") {
    Headers headers = Signed(method, path);
    headers.insert(headers.end(), extra.begin(), extra.end());
    return Send(method, path, headers, std::move(body));
  }

  Reply Send(const std::string& method, const std::string& path, const Headers& headers,
             std::string body) {
    Request request;
    request.method = method;
    request.target = path;
    for (const auto& [name, value] : headers) request.headers.emplace_back(name, value);
    const size_t size = body.size();
    body.append(kJsonPaddingBytes, '\0');
    request.body = std::string_view(body).substr(0, size);
    return service->Handle(request);
  }

  // Database "d" with container "c": partition key /pk, version 2, `ranges` ranges.
  void MakeContainer(int ranges = 1, std::string more = "", Headers extra = {}) {
    ASSERT_EQ(Call("POST", "/dbs", {}, R"({"id":"d"})").status, 201);
    extra.emplace_back("x-spillway-range-count", std::to_string(ranges));
    const Reply reply = Call(
        "POST", "/dbs/d/colls", extra,
        R"({"id":"c","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2})" + more + "}");
    ASSERT_EQ(reply.status, 201) << reply.body;
  }

  Reply Write(const std::string& document, const std::string& key, bool upsert = true,
              Headers extra = {}) {
    extra.emplace_back("x-ms-documentdb-partitionkey", key);
    if (upsert) extra.emplace_back("x-ms-documentdb-is-upsert", "True");
    return Call("POST", kDocs, extra, document);
  }

  Reply Point(const std::string& method, const std::string& id, const std::string& key,
              Headers extra = {}, std::string body = "") {
    extra.emplace_back("x-ms-documentdb-partitionkey", key);
    return Call(method, kDocs + "/" + id, extra, std::move(body));
  }

  Reply Bulk(const std::string& body, const std::string& range = "0", Headers extra = {}) {
    extra.emplace_back("x-ms-cosmos-is-batch-request", "True");
    extra.emplace_back("x-ms-cosmos-batch-atomic", "False");
    extra.emplace_back("x-ms-cosmos-batch-continue-on-error", "True");
    extra.emplace_back("x-ms-documentdb-partitionkeyrangeid", range);
    return Call("POST", kDocs, extra, body);
  }

  Reply Atomic(const std::string& body, const std::string& key) {
    return Call("POST", kDocs,
                {{"x-ms-cosmos-is-batch-request", "True"},
                 {"x-ms-cosmos-batch-atomic", "True"},
                 {"x-ms-documentdb-partitionkey", key}},
                body);
  }

  Reply Query(const std::string& text, Headers extra = {}) {
    extra.emplace_back("x-ms-documentdb-isquery", "True");
    extra.emplace_back("content-type", "application/query+json");
    extra.emplace_back("x-ms-documentdb-query-enablecrosspartition", "True");
    Value body{Object{}};
    body.Set("query", text);
    return Call("POST", kDocs, extra, ToJson(body));
  }

  static std::string Encoded(const std::string& text) {
    std::string encoded;
    for (const char c : text) {
      encoded += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string(1, c);
    }
    return encoded;
  }

  static inline const std::string kDocs = "/dbs/d/colls/c/docs";
  ManualClock clock;
  std::unique_ptr<Service> service;
};

inline std::string Substatus(const Reply& reply) {
  return std::string(reply.Header("x-ms-substatus"));
}

inline Value Body(const Reply& reply) {
  const Result<Value> body = ParseJson(reply.body);
  EXPECT_TRUE(body.ok()) << reply.body;
  return body.ok() ? *body : Value();
}

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_TEST_CLIENT_H_
