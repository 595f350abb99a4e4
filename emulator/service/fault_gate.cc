#include "emulator/service/fault_gate.h"

#include <deque>

#include "emulator/json/document_scan.h"
#include "emulator/service/handlers.h"
#include "emulator/service/partition_key.h"
#include "emulator/service/query_request.h"
#include "emulator/service/resource_path.h"

namespace spillway::emulator {
namespace {

constexpr std::chrono::milliseconds kPauseStep{20};

std::string ItemsOperation(const Request& request) {
  if (request.method == "GET") return "feed";
  if (request.Flag("x-ms-cosmos-is-batch-request")) {
    return request.Flag("x-ms-cosmos-batch-atomic") ? "batch" : "bulk";
  }
  if (request.Flag("x-ms-cosmos-is-query-plan-request")) return "plan";
  if (IsQuery(request)) return "query";
  return request.Flag("x-ms-documentdb-is-upsert") ? "upsert" : "create";
}

std::string ItemOperationName(std::string_view method) {
  if (method == "GET") return "read";
  if (method == "PUT") return "replace";
  if (method == "PATCH") return "patch";
  return "delete";
}

std::string OperationOf(const Request& request, ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kAccount:
      return "account";
    case ResourceKind::kDatabases:
    case ResourceKind::kDatabase:
      return "database";
    case ResourceKind::kContainers:
    case ResourceKind::kContainer:
      return "container";
    case ResourceKind::kRanges:
      return "ranges";
    case ResourceKind::kOffers:
    case ResourceKind::kOffer:
      return "offer";
    case ResourceKind::kItems:
      return ItemsOperation(request);
    case ResourceKind::kItem:
      return ItemOperationName(request.method);
    case ResourceKind::kPartitionKeyDelete:
      return "delete";
    case ResourceKind::kConflicts:
      return "feed";
    case ResourceKind::kUnsupported:
      break;
  }
  return "other";
}

// A request that outlives its connection.
struct OwnedRequest {
  explicit OwnedRequest(const Request& original)
      : method(original.method), target(original.target), body(original.body) {
    request.secure = original.secure;
    request.method = method;
    request.target = target;
    for (const auto& [name, value] : original.headers) {
      request.headers.emplace_back(texts.emplace_back(name), texts.emplace_back(value));
    }
    const size_t size = body.size();
    body.append(kJsonPaddingBytes, '\0');
    request.body = std::string_view(body).substr(0, size);
  }

  std::string method;
  std::string target;
  std::string body;
  std::deque<std::string> texts;
  Request request;
};

// Takes the last element out of a reply's JSON array.
void DropLastResult(Reply* reply) {
  Result<Value> results = ParseJson(reply->body);
  if (!results.ok() || !results->is_array() || results->array().empty()) return;
  results->MutableArray().pop_back();
  reply->body = ToJson(*results);
}

}  // namespace

void FaultGate::Handle(const Request& request, std::function<void(Reply)> reply) {
  FaultRules& rules = service_.faults();
  if (rules.empty()) return reply(service_.Handle(request));
  const std::optional<FaultRule> rule = rules.Decide(Describe(request));
  if (!rule) return reply(service_.Handle(request));
  if (rule->effect == FaultRule::Effect::kPause) {
    return Hold(rule->id, std::chrono::milliseconds(0), request, std::move(reply));
  }
  if (rule->delay.count() == 0) return CarryOut(*rule, request, reply);
  run_after_(rule->delay, [this, &request, rule = *rule, reply_to = std::move(reply)] {
    CarryOut(rule, request, reply_to);
  });
}

RequestInfo FaultGate::Describe(const Request& request) const {
  RequestInfo info;
  info.client = request.Header("user-agent");
  const Outcome<ResourcePath> path = ParseResourcePath(request.target);
  if (!path.ok()) return info;
  info.operation = OperationOf(request, path->kind);
  if (path->container.empty()) return info;
  const Context context{request, *path, service_.account(), service_.options(), service_.faults()};
  const Outcome<ContainerTarget> target = FindTarget(context);
  if (!target.ok()) return info;
  info.container = target->name;
  const Outcome<Partition*> range = FindRequestRange(request, *target->container);
  if (range.ok() && *range != nullptr) {
    info.range = (*range)->info().id;
    return info;
  }
  const std::string_view header = request.Header("x-ms-documentdb-partitionkey");
  const Outcome<KeyValues> key = ParseKeyValues(header);
  if (!header.empty() && key.ok()) {
    const std::string epk = EpkOf(*key, *target->container->settings());
    info.range = target->container->PartitionOf(epk).info().id;
  }
  return info;
}

void FaultGate::CarryOut(const FaultRule& rule, const Request& request, const ReplyTo& reply) {
  const bool before = rule.moment == FaultRule::Moment::kBefore;
  Reply broken;
  broken.delivery = Delivery::kReset;
  if (rule.effect == FaultRule::Effect::kLate) {
    LandLater(rule, request);
    return reply(std::move(broken));
  }
  if (before && rule.effect == FaultRule::Effect::kReset) return reply(std::move(broken));
  if (before && rule.effect == FaultRule::Effect::kError) return reply(ErrorOf(rule));
  Reply answer = service_.Handle(request);
  switch (rule.effect) {
    case FaultRule::Effect::kError:
      return reply(ErrorOf(rule));
    case FaultRule::Effect::kReset:
      answer.delivery = Delivery::kReset;
      break;
    case FaultRule::Effect::kTruncate:
      answer.delivery = Delivery::kTruncate;
      break;
    case FaultRule::Effect::kWrongCount:
      DropLastResult(&answer);
      break;
    case FaultRule::Effect::kNone:
    case FaultRule::Effect::kLate:
    case FaultRule::Effect::kPause:
      break;
  }
  answer.drip_bytes_per_second = rule.drip_bytes_per_second;
  reply(std::move(answer));
}

void FaultGate::Hold(uint64_t rule_id, std::chrono::milliseconds waited, const Request& request,
                     ReplyTo reply) {
  if (!service_.faults().Has(rule_id)) return reply(service_.Handle(request));
  if (waited >= kPauseMax) {
    ServiceError error;
    error.status = 503;
    error.message = "The range is paused.";
    return reply(std::move(error));
  }
  run_after_(kPauseStep, [this, rule_id, waited, &request, reply_to = std::move(reply)]() mutable {
    Hold(rule_id, waited + kPauseStep, request, std::move(reply_to));
  });
}

void FaultGate::LandLater(const FaultRule& rule, const Request& request) {
  auto owned = std::make_shared<OwnedRequest>(request);
  run_after_(rule.late, [this, owned] { service_.Handle(owned->request); });
}

}  // namespace spillway::emulator
