#include "destinations/cosmosdb/cosmos_query.h"

#include <deque>
#include <optional>
#include <utility>

#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/query_merge.h"
#include "destinations/cosmosdb/query_plan.h"
#include "destinations/cosmosdb/query_results.h"
#include "destinations/cosmosdb/range_pages.h"

namespace spillway::cosmosdb {
namespace {

class Query : public CosmosQuery {
 public:
  Query(std::unique_ptr<CosmosAccount> account, std::unique_ptr<HttpTransport> transport,
        std::string sql, std::string parameters)
      : account_(std::move(account)),
        client_(*account_, std::move(transport), RetryPolicy{}),
        sql_(std::move(sql)),
        parameters_(std::move(parameters)) {}

  Result<std::vector<std::string>> NextResults(const CallContext& ctx) override {
    while (!done_) {
      ASSIGN_OR_RETURN(std::vector<std::string> results,
                       merge_.has_value() ? NextMerged(ctx) : NextFromGateway(ctx));
      if (!results.empty()) return results;
    }
    return std::vector<std::string>();
  }

  double cost() const override { return cost_; }

 private:
  // The gateway spreads a query by itself as long as nothing must be merged.
  Result<std::vector<std::string>> NextFromGateway(const CallContext& ctx) {
    Result<ItemPage> page =
        client_.Query(std::nullopt, QueryBody(sql_, parameters_), continuation_, ctx);
    const bool at_start = continuation_.empty();
    if (!page.ok() && page.status().code() == StatusCode::kUnsupported && at_start) {
      RETURN_IF_ERROR(Plan(ctx));
      return std::vector<std::string>();
    }
    if (page.status().code() == StatusCode::kNotFound) return Missing(ctx);
    if (!page.ok()) return std::move(page).status();
    if (page->range_gone) return Unavailable("the partition key ranges are changing; try again");
    cost_ += page->charge;
    continuation_ = page->continuation;
    done_ = continuation_.empty();
    std::vector<std::string> results;
    RETURN_IF_ERROR(ForEachResult(&page->body, [&](std::string_view text) {
      results.emplace_back(text);
      return Status::Ok();
    }));
    return results;
  }

  // The service says only that what owns the documents is not there.
  Status Missing(const CallContext& ctx) {
    const CosmosOptions& options = account_->options();
    const Result<std::optional<std::string>> database = client_.ReadDatabase(ctx);
    const bool no_database = database.ok() && !database->has_value();
    const std::string what = no_database ? "there is no database " + options.database
                                         : "there is no container " + options.container +
                                               " in database " + options.database;
    return NotFound(what + " at " + account_->home())
        .WithHint(no_database ? "check `database` and `endpoint` of the connection; `spillway sync`"
                                " creates what a pipeline's `create:` allows"
                              : "check the name; `spillway sync` creates the container of a"
                                " pipeline whose `create:` allows it");
  }

  Status Plan(const CallContext& ctx) {
    ASSIGN_OR_RETURN(const std::string text, client_.QueryPlan(QueryBody(sql_, parameters_), ctx));
    ASSIGN_OR_RETURN(QueryPlan plan, ParseQueryPlan(text, sql_));
    for (const QueryPlan::Interval& interval : plan.intervals) {
      pages_.emplace_back(client_, ranges_, interval.min, interval.max,
                          QueryBody(plan.query, parameters_));
    }
    merge_.emplace(std::move(plan));
    return Status::Ok();
  }

  Result<std::vector<std::string>> NextMerged(const CallContext& ctx) {
    while (!pages_.empty() && pages_.front().done()) pages_.pop_front();
    done_ = pages_.empty() || merge_->is_full();
    if (done_) return merge_->Take(true);
    ASSIGN_OR_RETURN(ItemPage page, pages_.front().Next(ctx));
    cost_ += page.charge;
    RETURN_IF_ERROR(
        ForEachResult(&page.body, [&](std::string_view text) { return merge_->Add(text); }));
    return merge_->Take(false);
  }

  const std::unique_ptr<CosmosAccount> account_;
  ContainerClient client_;
  const std::string sql_;
  const std::string parameters_;
  std::string continuation_;
  PartitionKeyRangeCache ranges_;
  std::deque<RangePages> pages_;     // one per interval of the plan
  std::optional<QueryMerge> merge_;  // once there is a plan
  double cost_ = 0;
  bool done_ = false;
};

}  // namespace

Result<std::unique_ptr<CosmosQuery>> MakeCosmosQuery(const CosmosOptions& options,
                                                     const HttpTransportFactory& transports,
                                                     Clock& clock, std::string_view sql,
                                                     std::string_view parameters) {
  RETURN_IF_ERROR(CheckParameters(parameters));
  ASSIGN_OR_RETURN(std::unique_ptr<CosmosAccount> account, CosmosAccount::Make(options, clock));
  ASSIGN_OR_RETURN(std::unique_ptr<HttpTransport> transport, transports());
  return std::unique_ptr<CosmosQuery>(std::make_unique<Query>(
      std::move(account), std::move(transport), std::string(sql), std::string(parameters)));
}

}  // namespace spillway::cosmosdb
