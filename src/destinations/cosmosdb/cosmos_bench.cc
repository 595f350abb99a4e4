// What the client itself costs per bulk request of 100 documents of 1 KB.
#include <benchmark/benchmark.h>

#include <deque>

#include "destinations/cosmosdb/bulk_request.h"
#include "destinations/cosmosdb/bulk_response.h"
#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/fake_cosmos.h"
#include "net/curl_transport.h"
#include "net/loopback_server.h"

namespace spillway::cosmosdb {
namespace {

constexpr size_t kRows = 100;
constexpr size_t kDocumentBytes = 1024;

struct Batch {
  std::deque<std::string> texts;
  std::vector<Document> documents;

  Batch() {
    for (size_t i = 0; i < kRows; ++i) {
      Document document;
      document.id = texts.emplace_back("id-" + std::to_string(i));
      document.partition_key = texts.emplace_back("[\"key-" + std::to_string(i) + "\"]");
      std::string& body =
          texts.emplace_back("{\"id\":\"id-" + std::to_string(i) + "\",\"text\":\"");
      body.append(kDocumentBytes - body.size() - 2, 'x').append("\"}");
      document.body = body;
      documents.push_back(document);
    }
  }
};

std::string Answer() {
  std::string body = "[";
  for (size_t i = 0; i < kRows; ++i) {
    body += i == 0 ? "" : ",";
    body += R"({"statusCode":201,"requestCharge":6.29,"eTag":"\"0000d826-0000-0700-0000-60b1\""})";
  }
  return body + "]";
}

// Answers bulk requests at once; the rest is the fake service's.
class NullNetwork {
 public:
  HttpTransportFactory factory() {
    return [this]() -> Result<std::unique_ptr<HttpTransport>> {
      return std::unique_ptr<HttpTransport>(std::make_unique<Transport>(*this));
    };
  }

 private:
  struct Transport : HttpTransport {
    explicit Transport(NullNetwork& owner) : network(owner), other(*owner.cosmos_.factory()()) {}
    Result<HttpResponse> Send(const HttpRequest& request, const CallContext& ctx) override {
      if (!request.url.ends_with("/docs")) return other->Send(request, ctx);
      return FakeResponse(200, network.answer_, {{"x-ms-request-charge", "629"}});
    }
    NullNetwork& network;
    std::unique_ptr<HttpTransport> other;
  };
  FakeCosmos cosmos_;
  const std::string answer_ = Answer();
};

void BM_BuildBulkRequest(benchmark::State& state) {
  const Batch batch;
  std::vector<Operation> operations;
  for (const Document& document : batch.documents) {
    operations.push_back({OperationKind::kUpsert, &document, 0, document.body, {}});
  }
  BulkRequest request;
  for (auto _ : state) request.Build(operations);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(request.body().size()));
}
BENCHMARK(BM_BuildBulkRequest);

void BM_ParseBulkResponse(benchmark::State& state) {
  const std::string answer = Answer();
  BulkResponseParser parser;
  std::vector<OperationResult> results(kRows);
  for (auto _ : state) {
    std::string body = answer;
    benchmark::DoNotOptimize(parser.Parse(&body, false, results).ok());
  }
}
BENCHMARK(BM_ParseBulkResponse);

void BM_Route(benchmark::State& state) {
  NullNetwork network;
  const auto destination = *MakeCosmosDestination(FakeOptions(), network.factory(), SystemClock());
  const Batch batch;
  for (auto _ : state) {
    for (const Document& document : batch.documents) {
      benchmark::DoNotOptimize(destination->Route(document));
    }
  }
}
BENCHMARK(BM_Route);

// Everything but encoding and the network: with the routes that the engine has filled in, or
// without.
void BM_Write(benchmark::State& state) {
  NullNetwork network;
  const auto destination = *MakeCosmosDestination(FakeOptions(), network.factory(), SystemClock());
  const auto writer = *destination->OpenWriter(WriteMode::kMirror, {});
  Batch batch;
  if (state.range(0) == 1) {
    for (Document& document : batch.documents) document.route = destination->Route(document);
  }
  for (auto _ : state) {
    const Result<WriteReport> report = writer->Write(batch.documents, {});
    if (!report->failures.empty()) state.SkipWithError("a row failed");
  }
}
BENCHMARK(BM_Write)->ArgName("routed")->Arg(0)->Arg(1);

// The transport alone: a body of 100 KB out, 8 KB back, over plain HTTP to a server in another
// thread.
void BM_SendOverLoopback(benchmark::State& state) {
  const std::string answer = Answer();
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (!connection.ReadRequest().empty()) {
      connection.Write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) +
                       "\r\n\r\n" + answer);
    }
  });
  const auto transport = *MakeCurlTransport({}, SystemClock());
  const std::string body(kRows * kDocumentBytes, 'x');
  const HttpRequest request{
      .method = HttpMethod::kPost, .url = server.Url("/dbs/shop/colls/orders/docs"), .body = body};
  for (auto _ : state) {
    if (!transport->Send(request, {}).ok()) state.SkipWithError("the request failed");
  }
}
BENCHMARK(BM_SendOverLoopback);

}  // namespace
}  // namespace spillway::cosmosdb

BENCHMARK_MAIN();
