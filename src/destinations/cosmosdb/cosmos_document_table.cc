#include "destinations/cosmosdb/cosmos_document_table.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "destinations/cosmosdb/bulk_response.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/control_plane.h"
#include "destinations/cosmosdb/cosmos_json.h"
#include "destinations/cosmosdb/cosmos_reader.h"
#include "destinations/cosmosdb/operation.h"
#include "destinations/cosmosdb/response_classifier.h"

namespace spillway::cosmosdb {
namespace {

// Limits of a transactional batch: 100 operations, 2 MB in all ("Azure Cosmos DB service quotas");
// some of it is left for what stands around the bodies.
constexpr size_t kBatchOperationsMax = 100;
constexpr uint64_t kBatchBytesMax = 1'800'000;
// Whoever calls repeats; discovery of the account apart, a call is one request.
constexpr RetryPolicy kOnce{.attempts_max = 1};
constexpr RetryPolicy kPreparing{};
constexpr int kAbsent = 404;
constexpr int kDependencyFailed = 424;
constexpr int kBatchFailed = 207;

std::string KeyText(std::string_view partition) {
  std::string text = "[";
  AppendJsonString(partition, &text);
  return text + "]";
}

std::string_view TypeOf(TableWrite::Kind kind) {
  switch (kind) {
    case TableWrite::Kind::kCreate:
      return "Create";
    case TableWrite::Kind::kReplace:
      return "Replace";
    case TableWrite::Kind::kUpsert:
      return "Upsert";
    case TableWrite::Kind::kDelete:
      return "Delete";
  }
  return {};
}

std::string BatchBody(std::span<const TableWrite> writes) {
  std::string body = "[";
  for (const TableWrite& write : writes) {
    if (body.size() > 1) body += ',';
    body.append("{\"operationType\":\"").append(TypeOf(write.kind)).append("\"");
    if (write.kind == TableWrite::Kind::kReplace || write.kind == TableWrite::Kind::kDelete) {
      body += ",\"id\":";
      AppendJsonString(write.id, &body);
    }
    if (!write.if_match.empty()) {
      body += ",\"ifMatch\":";
      AppendJsonString(write.if_match, &body);
    }
    if (!write.body.empty()) body.append(",\"resourceBody\":").append(write.body);
    body += '}';
  }
  return body + "]";
}

std::string RangeQuery(std::string_view from, std::string_view before) {
  std::string body =
      R"({"query":"SELECT * FROM c WHERE c.id >= @from AND c.id < @before","parameters":[)"
      R"({"name":"@from","value":)";
  AppendJsonString(from, &body);
  body += R"(},{"name":"@before","value":)";
  AppendJsonString(before, &body);
  return body + "}]}";
}

Result<TableDocument> DocumentOf(std::string body) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(body, "a stored document"));
  TableDocument document;
  document.id = StringMember(json.root(), "id");
  document.etag = StringMember(json.root(), "_etag");
  document.written = WallTime(std::chrono::seconds(IntMember(json.root(), "_ts")));
  document.body = std::move(body);
  return document;
}

Status StatusOf(const OperationResult& result) {
  return ToStatus({.status = result.status,
                   .sub_status = result.sub_status,
                   .message = result.message,
                   .activity_id = {},
                   .retry_after = result.retry_after});
}

// Of a condition that does not hold: there is one already, none, or another.
bool IsUnmetCondition(const OperationResult& result) {
  constexpr int kExists = 409;
  constexpr int kEtagDiffers = 412;
  return (result.status == kExists && result.sub_status == 0) || result.status == kEtagDiffers ||
         (result.status == kAbsent && result.sub_status == 0);
}

class CosmosDocumentTable : public DocumentTable {
 public:
  CosmosDocumentTable(std::unique_ptr<CosmosAccount> account, TableTtl ttl,
                      HttpTransportFactory transports, std::unique_ptr<HttpTransport> transport,
                      std::unique_ptr<HttpTransport> preparing)
      : account_(std::move(account)),
        ttl_(ttl),
        control_(account_->options(), std::move(transports), account_->clock()),
        client_(*account_, std::move(transport), kOnce),
        preparing_(*account_, std::move(preparing), kPreparing),
        pages_(account_->options().partition_key) {}

  std::string Describe() const override {
    const CosmosOptions& options = account_->options();
    return account_->home() + "/" + options.database + "/" + options.container;
  }
  const TableLimits& limits() const override { return limits_; }

  Status Check(const CallContext& ctx) override {
    std::lock_guard lock(mutex_);
    ASSIGN_OR_RETURN(const std::optional<ContainerInfo> found, preparing_.ReadContainer(ctx));
    if (!found.has_value()) return NotFound("there is no container " + Describe());
    return Use(*found);
  }

  Status Prepare(const CallContext& ctx) override {
    std::lock_guard lock(mutex_);
    ASSIGN_OR_RETURN(std::optional<ContainerInfo> found, preparing_.ReadContainer(ctx));
    if (!found.has_value()) {
      ASSIGN_OR_RETURN(const std::optional<std::string> database, preparing_.ReadDatabase(ctx));
      if (!database.has_value()) RETURN_IF_ERROR(control_.CreateDatabase(preparing_, ctx));
      RETURN_IF_ERROR(control_.CreateContainer(preparing_, ctx));
      ASSIGN_OR_RETURN(found, preparing_.ReadContainer(ctx));
      if (!found.has_value()) return Unavailable("the new container is not there yet");
    }
    return Use(*found);
  }

  Result<std::optional<TableDocument>> Read(std::string_view partition, std::string_view id,
                                            const CallContext& ctx) override {
    std::lock_guard lock(mutex_);
    std::string body = "[{\"operationType\":\"Read\",\"id\":";
    AppendJsonString(id, &body);
    OperationResult result;
    RETURN_IF_ERROR(Send(partition, body + "}]", false, {&result, 1}, ctx));
    if (result.status == kAbsent && result.sub_status == 0) return std::optional<TableDocument>();
    if (!IsSuccess(result.status)) return StatusOf(result);
    ASSIGN_OR_RETURN(TableDocument document, DocumentOf(std::move(result.body)));
    return std::optional<TableDocument>(std::move(document));
  }

  Result<std::vector<TableDocument>> List(std::string_view partition, std::string_view from,
                                          std::string_view before,
                                          const CallContext& ctx) override {
    std::lock_guard lock(mutex_);
    std::vector<TableDocument> documents;
    std::string continuation;
    do {
      ASSIGN_OR_RETURN(
          ItemPage page,
          client_.QueryPartition(KeyText(partition), RangeQuery(from, before), continuation, ctx));
      if (page.range_gone) return Unavailable("the container's ranges are changing");
      continuation = std::move(page.continuation);
      ASSIGN_OR_RETURN(const std::span<const StoredDocument> items, pages_.Parse(&page.body));
      for (const StoredDocument& item : items) {
        ASSIGN_OR_RETURN(TableDocument document, DocumentOf(std::string(item.body)));
        documents.push_back(std::move(document));
      }
    } while (!continuation.empty());
    std::sort(
        documents.begin(), documents.end(),
        [](const TableDocument& left, const TableDocument& right) { return left.id < right.id; });
    return documents;
  }

  Result<std::vector<std::string>> Write(std::string_view partition,
                                         std::span<const TableWrite> writes,
                                         const CallContext& ctx) override {
    std::lock_guard lock(mutex_);
    std::vector<OperationResult> results(writes.size());
    RETURN_IF_ERROR(Send(partition, BatchBody(writes), true, results, ctx));
    std::vector<std::string> etags;
    for (OperationResult& result : results) {
      if (IsSuccess(result.status)) {
        etags.push_back(std::move(result.etag));
      } else if (IsUnmetCondition(result)) {
        return Conflict("a document is not as expected: " + std::to_string(result.status));
      } else if (result.status != kDependencyFailed) {
        return StatusOf(result);
      }
    }
    if (etags.size() != writes.size()) return Unavailable("424: the batch was not carried out");
    return etags;
  }

 private:
  // OK: every result is there. Whatever else the service says of the whole is the Status.
  Status Send(std::string_view partition, std::string_view body, bool write,
              std::span<OperationResult> results, const CallContext& ctx) {
    ASSIGN_OR_RETURN(CosmosResponse response, client_.Batch(KeyText(partition), body, write, ctx));
    if (!response.ok() && response.status != kBatchFailed) return response.ToStatus();
    const Status parsed = parser_.Parse(&response.body, true, results);
    // The service has answered, and we cannot read what: of a write nothing is known.
    if (!parsed.ok() && write) return Unsure(std::string(parsed.message()));
    if (!parsed.ok()) return Unavailable(std::string(parsed.message()));
    return Status::Ok();
  }

  Status Use(const ContainerInfo& found) {
    const CosmosOptions& options = account_->options();
    if (found.partition_key != options.partition_key) {
      return InvalidArgument("container " + Describe() + " does not have the partition key " +
                             options.partition_key.front() + " that " + Purpose() + " needs")
          .WithHint("name a container of its own for it: it is made when missing");
    }
    if (ttl_ == TableTtl::kOn && !found.ttl_seconds.has_value()) {
      return InvalidArgument("container " + Describe() + " has no time to live, and " + Purpose() +
                             " needs it: members that have died must expire")
          .WithHint(
              "switch it on without a default: az cosmosdb sql container update --ttl -1"
              " --account-name ACCOUNT --resource-group GROUP --database-name " +
              options.database + " --name " + options.container +
              "; or name another container: it is made when missing");
    }
    if (ttl_ == TableTtl::kNone && found.ttl_seconds.has_value() && *found.ttl_seconds > 0) {
      return InvalidArgument("container " + Describe() + " lets its documents expire after " +
                             std::to_string(*found.ttl_seconds) + " s; a state must not expire")
          .WithHint("switch the time to live of the container off");
    }
    client_.ExpectContainer(found.rid);
    return Status::Ok();
  }

  std::string Purpose() const { return ttl_ == TableTtl::kOn ? "a throughput group" : "a state"; }

  const std::unique_ptr<CosmosAccount> account_;
  const TableTtl ttl_;
  const ControlPlane control_;
  const TableLimits limits_{.writes_max = kBatchOperationsMax,
                            .bytes_max = kBatchBytesMax,
                            .added_members = {"_rid", "_self", "_etag", "_ts", "_attachments"}};
  std::mutex mutex_;
  ContainerClient client_;
  ContainerClient preparing_;
  BulkResponseParser parser_;
  PageParser pages_;
};

}  // namespace

Result<std::unique_ptr<DocumentTable>> MakeCosmosDocumentTable(
    const CosmosOptions& options, TableTtl ttl, const HttpTransportFactory& transports,
    Clock& clock) {
  RETURN_IF_ERROR(ValidateCosmosOptions(options));
  ASSIGN_OR_RETURN(std::unique_ptr<CosmosAccount> account, CosmosAccount::Make(options, clock));
  ASSIGN_OR_RETURN(std::unique_ptr<HttpTransport> transport, transports());
  ASSIGN_OR_RETURN(std::unique_ptr<HttpTransport> preparing, transports());
  return std::unique_ptr<DocumentTable>(std::make_unique<CosmosDocumentTable>(
      std::move(account), ttl, transports, std::move(transport), std::move(preparing)));
}

}  // namespace spillway::cosmosdb
