// ContainerClient: the requests of the gateway protocol for one container, one function each.
// Facts: the REST reference of Azure Cosmos DB for NoSQL and the headers of the public SDKs.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_CLIENT_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_CLIENT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "destinations/cosmosdb/cosmos_client.h"
#include "destinations/cosmosdb/operation.h"
#include "destinations/cosmosdb/partition_hash.h"
#include "destinations/cosmosdb/partition_key_ranges.h"

namespace spillway::cosmosdb {

struct ContainerInfo {
  std::string rid;   // another one means another container, even under the same name
  std::string self;  // "dbs/…/colls/…/"
  std::vector<std::string> partition_key;  // paths; empty for a container made without a key
  HashKind hash = HashKind::kV2;
  std::optional<int64_t> ttl_seconds;
  bool indexed = true;                                // any property
  std::string indexing_policy;                        // a JSON object; empty: not said
  std::vector<std::vector<std::string>> unique_keys;  // each a list of paths
};

// Provisioned throughput as the offer of a container or its database says.
struct OfferInfo {
  uint32_t throughput = 0;  // RU/s now
  std::optional<uint32_t> autoscale_max;
};

struct ListedContainer {
  std::string name;
  int64_t changed_seconds = 0;  // since 1970, by the service's clock: made, or its settings changed
};

// Which part of the key space a read covers: a range, or the part [min, max) of it.
struct FeedScope {
  std::string range_id;
  bool partial = false;  // `min` and `max` are narrower than the range
  std::string min;
  std::string max;
};

struct ItemPage {
  std::string body;          // the service's answer, with its array "Documents"
  std::string continuation;  // empty at the end
  double charge = 0;
  bool range_gone = false;  // the ranges changed: refresh them and ask again; nothing else is set
};

// A page of at most this many items; the service makes it smaller as its limits demand.
inline constexpr int kPageItemsMax = 1000;

// Used by one thread at a time.
class ContainerClient {
 public:
  // `account` outlives it. `read_policy` bounds how often reads are repeated.
  ContainerClient(CosmosAccount& account, std::unique_ptr<HttpTransport> transport,
                  RetryPolicy read_policy);

  // nullopt: there is none.
  Result<std::optional<std::string>> ReadDatabase(const CallContext& ctx);  // its RID
  Result<std::optional<ContainerInfo>> ReadContainer(const CallContext& ctx);
  // As the account's options say; OK when somebody else was faster.
  Status CreateDatabase(const CallContext& ctx);
  Status CreateContainer(const CallContext& ctx);
  // Of the database; OK and nothing when there is no such database.
  Result<std::vector<ListedContainer>> ListContainers(const CallContext& ctx);
  // OK when it is gone already.
  Status DeleteContainer(const CallContext& ctx);
  Status DeleteDatabase(const CallContext& ctx);
  // nullopt: no offer of its own (shared throughput, or serverless).
  Result<std::optional<OfferInfo>> ReadOffer(std::string_view resource_self,
                                             const CallContext& ctx);
  // The feed of offers of a resource: the body.
  Result<std::string> ReadOffers(std::string_view resource_self, const CallContext& ctx);
  Result<RangePage> ReadRanges(const std::string& etag, const CallContext& ctx);
  RangeSource range_source();

  // Writes from now on say which container they mean, so that the service refuses them (400/1024)
  // once another one stands under its name.
  void ExpectContainer(std::string rid) { expected_rid_ = std::move(rid); }
  // OK while the expected container stands under the name, or when that cannot be found out just
  // now; kConflict: it was deleted, or another one was made in its place.
  Status CheckExpectedContainer(const CallContext& ctx);

  // Writes: whatever the service answers is a response.
  Result<CosmosResponse> Bulk(std::string_view range_id, bool with_items, HttpBody body,
                              const CallContext& ctx);
  Result<CosmosResponse> Item(const Operation& operation, const CallContext& ctx);
  // A transaction within one logical partition; with `write` false it only reads, on the replica
  // that takes the writes.
  Result<CosmosResponse> Batch(std::string_view partition_key, std::string_view body, bool write,
                               const CallContext& ctx);

  // Reads. ReadItem: nullopt when it is not there.
  Result<std::optional<std::string>> ReadItem(std::string_view partition_key, std::string_view id,
                                              const CallContext& ctx);
  Result<ItemPage> ReadFeed(const FeedScope& scope, const std::string& continuation,
                            const CallContext& ctx);
  // `query` is the body: {"query":…,"parameters":[…]}. Without a scope the gateway spreads the
  // query.
  Result<ItemPage> Query(const std::optional<FeedScope>& scope, std::string_view query,
                         const std::string& continuation, const CallContext& ctx);
  // Of one logical partition.
  Result<ItemPage> QueryPartition(std::string_view partition_key, std::string_view query,
                                  const std::string& continuation, const CallContext& ctx);
  Result<std::string> QueryPlan(std::string_view query, const CallContext& ctx);

  CosmosClient& client() { return client_; }
  const RetryPolicy& read_policy() const { return read_policy_; }

 private:
  Result<ItemPage> ReadPage(const CosmosRequest& request, const CallContext& ctx);
  Result<CosmosResponse> ReadPresent(const CosmosRequest& request, const CallContext& ctx);
  Status Delete(std::string_view type, const std::string& link, const std::string& path,
                const CallContext& ctx);
  CosmosRequest DocumentsRequest(HttpMethod method) const;
  void AddWriteHeaders(std::vector<HttpHeader>* headers) const;

  CosmosClient client_;
  const RetryPolicy read_policy_;
  std::string expected_rid_;
  const std::string database_link_;
  const std::string container_link_;
  const std::string database_path_;
  const std::string container_path_;
  const std::string documents_path_;
};

// The body that creates the container.
std::string ContainerDefinition(const CosmosOptions& options);

// kDataLoss when the body is no container resource; kUnsupported: a partition key of an unknown
// kind.
Result<ContainerInfo> ParseContainer(std::string_view body);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_CLIENT_H_
