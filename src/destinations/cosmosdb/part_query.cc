#include "destinations/cosmosdb/part_query.h"

#include <algorithm>
#include <utility>

#include "destinations/cosmosdb/query_results.h"

namespace spillway::cosmosdb {
namespace {

constexpr const char* kLeaveToReader =
    "take the clause out of the query and do it with what was read (in Spark: orderBy, groupBy, "
    "distinct, limit); `spillway query` merges what a single reader can";

Status CannotDivide(std::string_view clause) {
  return Unsupported("the container is read in parts, and this query has " + std::string(clause) +
                     ", which no part can answer by itself")
      .WithHint(kLeaveToReader);
}

}  // namespace

Status CheckAnsweredByParts(const QueryPlan& plan) {
  if (!plan.descending.empty()) return CannotDivide("ORDER BY");
  if (plan.aggregate.has_value()) return CannotDivide("an aggregate");
  if (plan.distinct) return CannotDivide("DISTINCT");
  if (plan.limit.has_value() || plan.offset > 0) return CannotDivide("TOP or OFFSET LIMIT");
  if (plan.rewritten) return CannotDivide("a clause that is merged from all parts");
  return Status::Ok();
}

Result<std::unique_ptr<PartQuery>> PartQuery::Open(std::unique_ptr<ContainerClient> client,
                                                   PartitionKeyRangeCache& ranges,
                                                   const QueryText& query, std::string_view min,
                                                   std::string_view max, const CallContext& ctx) {
  RETURN_IF_ERROR(CheckParameters(query.parameters));
  std::unique_ptr<PartQuery> opened(new PartQuery(std::move(client)));
  ASSIGN_OR_RETURN(const std::string text,
                   opened->client_->QueryPlan(QueryBody(query.text, query.parameters), ctx));
  Result<QueryPlan> plan = ParseQueryPlan(text, query.text);
  if (plan.status().code() == StatusCode::kUnsupported) {
    return std::move(plan).status().WithHint(kLeaveToReader);
  }
  if (!plan.ok()) return std::move(plan).status();
  RETURN_IF_ERROR(CheckAnsweredByParts(*plan));
  const std::string body = QueryBody(plan->query, query.parameters);
  for (const QueryPlan::Interval& interval : plan->intervals) {
    std::string from(CompareEpk(interval.min, min) < 0 ? min : std::string_view(interval.min));
    std::string to(CompareEpk(interval.max, max) > 0 ? max : std::string_view(interval.max));
    if (CompareEpk(from, to) >= 0) continue;
    opened->pages_.emplace_back(*opened->client_, ranges, std::move(from), std::move(to), body);
  }
  return opened;
}

Result<std::span<const StoredDocument>> PartQuery::NextPage(const CallContext& ctx) {
  results_.clear();
  while (results_.empty() && !pages_.empty()) {
    if (pages_.front().done()) {
      pages_.pop_front();
      continue;
    }
    ASSIGN_OR_RETURN(page_, pages_.front().Next(ctx));
    cost_ += page_.charge;
    RETURN_IF_ERROR(ForEachResult(&page_.body, [this](std::string_view text) {
      results_.push_back({.body = text, .id = {}, .partition_key = {}});
      return Status::Ok();
    }));
  }
  return std::span<const StoredDocument>(results_);
}

}  // namespace spillway::cosmosdb
