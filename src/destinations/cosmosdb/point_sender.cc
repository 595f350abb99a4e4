#include "destinations/cosmosdb/point_sender.h"

#include <utility>

#include "destinations/cosmosdb/response_classifier.h"

namespace spillway::cosmosdb {
namespace {

constexpr int kThrottled = 429;

}  // namespace

void SendItem(ContainerClient& client, const Operation& operation, OperationResult* result,
              WriteReport* report, const CallContext& ctx) {
  result->failure = ctx.CheckNotStopped();
  if (!result->failure.ok()) return;
  Result<CosmosResponse> response = client.Item(operation, ctx);
  ++report->requests;
  report->bytes_sent += operation.body.size();
  if (!response.ok()) {
    result->failure = std::move(response).status();
    return;
  }
  report->cost += response->charge;
  if (response->status == kThrottled) ++report->throttled_requests;
  result->status = response->status;
  result->sub_status = response->sub_status;
  result->retry_after = response->retry_after;
  result->charge = response->charge;
  if (!response->ok()) {
    result->message = MessageOfBody(response->body);
    const Classification classification = Classify(result->status, result->sub_status);
    if (classification.recovery == Recovery::kCheckContainer) {
      result->failure = client.CheckExpectedContainer(ctx);
    }
  } else if (operation.kind == OperationKind::kRead) {
    result->etag = response->headers.Find("etag");
    result->body = std::move(response->body);
  }
}

void PointSender::Send(std::span<const Operation> operations, std::span<OperationResult> results,
                       WriteReport* report, const CallContext& ctx) {
  for (size_t i = 0; i < operations.size(); ++i) {
    SendItem(client_, operations[i], &results[i], report, ctx);
  }
}

}  // namespace spillway::cosmosdb
