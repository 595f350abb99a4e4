#include "destinations/cosmosdb/cosmos_destination.h"

#include <atomic>
#include <mutex>
#include <utility>

#include "connector/place_reading.h"
#include "connector/query_reading.h"
#include "destinations/cosmosdb/bulk_request.h"
#include "destinations/cosmosdb/bulk_sender.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/container_copy.h"
#include "destinations/cosmosdb/control_plane.h"
#include "destinations/cosmosdb/cosmos_cost.h"
#include "destinations/cosmosdb/cosmos_key_reader.h"
#include "destinations/cosmosdb/cosmos_partitioning.h"
#include "destinations/cosmosdb/cosmos_reader.h"
#include "destinations/cosmosdb/cosmos_tuning.h"
#include "destinations/cosmosdb/cosmos_writer.h"
#include "destinations/cosmosdb/lane_plan.h"
#include "destinations/cosmosdb/part_query.h"
#include "destinations/cosmosdb/partition_key.h"
#include "destinations/cosmosdb/partition_key_ranges.h"
#include "destinations/cosmosdb/point_sender.h"

namespace spillway::cosmosdb {
namespace {

// Service limits ("Azure Cosmos DB service quotas"). The size of an item counts what we send; what
// the service adds to it (some 300 bytes of system properties) is left to the service's own
// judgement, which arrives as 413 and rejects the row.
constexpr uint64_t kDocumentBytesMax = 2 << 20;
constexpr uint32_t kIdBytesMax = 1023;
constexpr uint32_t kPartitionKeyBytesMax = 2048;
constexpr uint32_t kPartitionKeyBytesMaxV1 = 101;
constexpr uint32_t kDepthMax = 128;
// Idle conversations kept for ReadOne, Check and their like.
constexpr size_t kIdleClientsMax = 16;

// The first word of a key's hash is below this: its two highest bits are never set
// (PartitionKeyInternal of the public SDKs).
constexpr uint64_t kHashEnd = uint64_t{1} << 62;

constexpr RetryPolicy kReadPolicy{};
// A writer waits for nothing: whatever it needs to read is tried once per Write.
constexpr RetryPolicy kWriterReadPolicy{.attempts_max = 1};

Capabilities MakeCapabilities(const CosmosOptions& options) {
  Capabilities capabilities;
  capabilities.rows_max = options.bulk ? static_cast<uint32_t>(kBulkOperationsMax) : 1;
  capabilities.bytes_target = options.bulk_bytes_target;
  for (int mode = 0; mode <= static_cast<int>(WriteMode::kSoftDelete); ++mode) {
    capabilities.modes.push_back(static_cast<WriteMode>(mode));
  }
  capabilities.keeps_numbers_exactly = false;
  capabilities.measures_cost = true;
  capabilities.expected_cost = &ExpectedWriteUnits;
  capabilities.limits.document_bytes_max = kDocumentBytesMax;
  capabilities.limits.id_bytes_max = kIdBytesMax;
  capabilities.limits.partition_key_bytes_max =
      options.partition_key_v1 ? kPartitionKeyBytesMaxV1 : kPartitionKeyBytesMax;
  capabilities.limits.depth_max = kDepthMax;
  capabilities.limits.id_forbidden = "/\\?#";
  capabilities.limits.reserved_fields = {"_rid", "_self", "_etag", "_ts", "_attachments"};
  capabilities.limits.special_fields = {"ttl"};
  return capabilities;
}

std::string JoinPaths(const std::vector<std::string>& paths) {
  std::string joined;
  for (const std::string& path : paths) joined += (joined.empty() ? "" : ", ") + path;
  return joined.empty() ? "none" : joined;
}

std::string DescribeCreation(const CosmosOptions& options) {
  if (!options.create_like.empty()) {
    return "container " + options.container + " (settings of " + options.create_like + ", key " +
           JoinPaths(options.partition_key) + ")";
  }
  const Throughput& throughput = options.create->throughput;
  std::string how = "no throughput of its own";
  if (throughput.manual.has_value()) how = std::to_string(*throughput.manual) + " RU/s";
  if (throughput.autoscale_max.has_value()) {
    how = "autoscale to " + std::to_string(*throughput.autoscale_max) + " RU/s";
  }
  return "container " + options.container + " (" + how + ", key " +
         JoinPaths(options.partition_key) + ")";
}

class CosmosDestination : public Destination, public PlaceReading, public QueryReading {
 public:
  CosmosDestination(std::unique_ptr<CosmosAccount> account, HttpTransportFactory transports)
      : account_(std::move(account)),
        transports_(std::move(transports)),
        control_(options(), transports_, account_->clock()),
        capabilities_(MakeCapabilities(options())),
        tuning_(*account_, transports_) {}

  const Capabilities& capabilities() const override { return capabilities_; }

  Status Check(const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease client, Borrow());
    ASSIGN_OR_RETURN(const std::optional<ContainerInfo> found, client->ReadContainer(ctx));
    if (found.has_value()) return Install(*found);
    if (options().create.has_value()) return Status::Ok();
    return MissingContainer();
  }

  Result<Preparation> Prepare(bool dry_run, const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease client, Borrow());
    Preparation preparation;
    ASSIGN_OR_RETURN(std::optional<ContainerInfo> found, client->ReadContainer(ctx));
    if (!found.has_value()) {
      if (!options().create.has_value()) return MissingContainer();
      ASSIGN_OR_RETURN(const std::optional<std::string> database, client->ReadDatabase(ctx));
      if (!database.has_value()) {
        preparation.steps.push_back("database " + options().database);
        if (!dry_run) RETURN_IF_ERROR(control_.CreateDatabase(*client, ctx));
      }
      preparation.steps.push_back(DescribeCreation(options()));
      if (dry_run) return preparation;
      RETURN_IF_ERROR(Create(*client, ctx));
      ASSIGN_OR_RETURN(found, client->ReadContainer(ctx));
      if (!found.has_value()) return Unavailable("the new container is not there yet");
    }
    RETURN_IF_ERROR(Install(*found));
    return preparation;
  }

  Status Remove(const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease client, Borrow());
    RETURN_IF_ERROR(control_.DeleteContainer(*client, ctx));
    std::lock_guard lock(mutex_);
    container_.reset();
    return Status::Ok();
  }

  Result<LanePlan> PlanLanes(uint32_t lanes_max, const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease client, Borrow());
    ASSIGN_OR_RETURN(const ContainerInfo container, Container(*client, ctx));
    ASSIGN_OR_RETURN(const RangeMapPointer map, ranges_.Get(client->range_source(), ctx));
    return PlanLanesOver(*map, container.hash, lanes_max);
  }

  // The throughput of a container, or of its database, is divided evenly over its ranges.
  Result<AdmittedThroughput> ReadThroughput(const LanePlan& plan, const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease client, Borrow());
    ASSIGN_OR_RETURN(const ContainerInfo container, Container(*client, ctx));
    ASSIGN_OR_RETURN(const RangeMapPointer known, ranges_.Get(client->range_source(), ctx));
    ASSIGN_OR_RETURN(const RangeMapPointer map,
                     ranges_.Refresh(client->range_source(), known, ctx));
    ASSIGN_OR_RETURN(const std::optional<OfferInfo> offer,
                     control_.ReadThroughput(*client, container, ctx));
    AdmittedThroughput admitted{.units_per_second = {}, .parts = PartsOfGroups(*map, plan)};
    if (offer.has_value()) {
      admitted.units_per_second = offer->autoscale_max.value_or(offer->throughput);
    }
    return admitted;
  }

  // A key that is none has the lowest route; its row is refused when it is written.
  Hash128 Route(const Document& document) const override {
    thread_local std::string epk;
    const Status parsed =
        EpkOfText(hash_.load(std::memory_order_relaxed), document.partition_key, &epk);
    return parsed.ok() ? RouteOfEpk(epk) : Hash128();
  }

  Result<std::unique_ptr<Writer>> OpenWriter(WriteMode mode, const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease lease, Borrow());
    ASSIGN_OR_RETURN(ContainerInfo container, Container(*lease, ctx));
    ASSIGN_OR_RETURN(auto client, OpenClient(container, kWriterReadPolicy));
    std::unique_ptr<OperationSender> sender = MakeSender(*client, container);
    return std::unique_ptr<Writer>(std::make_unique<CosmosWriter>(
        mode, std::move(container), std::move(client), std::move(sender)));
  }

  Result<std::unique_ptr<KeyReader>> OpenKeyReader(const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease lease, Borrow());
    ASSIGN_OR_RETURN(const ContainerInfo container, Container(*lease, ctx));
    ASSIGN_OR_RETURN(auto client, OpenClient(container, kReadPolicy));
    std::unique_ptr<OperationSender> sender = MakeSender(*client, container);
    return std::unique_ptr<KeyReader>(
        std::make_unique<CosmosKeyReader>(std::move(client), std::move(sender)));
  }

  Result<std::vector<std::unique_ptr<DocumentReader>>> OpenReaders(
      const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease lease, Borrow());
    ASSIGN_OR_RETURN(const ContainerInfo container, Container(*lease, ctx));
    ASSIGN_OR_RETURN(const RangeMapPointer map, ranges_.Get(lease->range_source(), ctx));
    std::vector<std::unique_ptr<DocumentReader>> readers;
    for (size_t i = 0; i < map->size(); ++i) {
      ASSIGN_OR_RETURN(std::unique_ptr<HttpTransport> transport, transports_());
      readers.push_back(std::make_unique<CosmosReader>(
          std::make_unique<ContainerClient>(*account_, std::move(transport), kReadPolicy), ranges_,
          container.partition_key, (*map)[i].min, (*map)[i].max));
    }
    return readers;
  }

  // Hashes of keys are spread evenly below kHashEnd, whatever the ranges are.
  Result<std::unique_ptr<DocumentReader>> OpenReaderOfPart(double from, double to,
                                                           const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease lease, Borrow());
    ASSIGN_OR_RETURN(const ContainerInfo container, Container(*lease, ctx));
    if (container.hash == HashKind::kV1) return std::unique_ptr<DocumentReader>();
    ASSIGN_OR_RETURN(auto client, OpenClient(container, kReadPolicy));
    return std::unique_ptr<DocumentReader>(std::make_unique<CosmosReader>(
        std::move(client), ranges_, container.partition_key, PlaceOf(from), PlaceOf(to)));
  }

  Result<std::unique_ptr<DocumentReader>> OpenQueryOfPart(const QueryText& query, double from,
                                                          double to,
                                                          const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease lease, Borrow());
    ASSIGN_OR_RETURN(const ContainerInfo container, Container(*lease, ctx));
    const bool whole = from <= 0 && to >= 1;
    if (container.hash == HashKind::kV1 && !whole) {
      return Unsupported("this container can be read as a whole only").WithHint("read one part");
    }
    ASSIGN_OR_RETURN(auto client, OpenClient(container, kReadPolicy));
    ASSIGN_OR_RETURN(std::unique_ptr<PartQuery> opened,
                     PartQuery::Open(std::move(client), ranges_, query,
                                     whole ? std::string(kEpkMin) : PlaceOf(from),
                                     whole ? std::string(kEpkMax) : PlaceOf(to), ctx));
    return std::unique_ptr<DocumentReader>(std::move(opened));
  }

  Result<std::optional<std::string>> ReadOne(std::string_view partition_key, std::string_view id,
                                             const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease client, Borrow());
    return client->ReadItem(partition_key, id, ctx);
  }

  // Whatever key the container has: another one than the configured is no fault here.
  Result<std::unique_ptr<Partitioning>> OpenPartitioning(double documents_bytes,
                                                         const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const Lease client, Borrow());
    ASSIGN_OR_RETURN(std::optional<ContainerInfo> found, client->ReadContainer(ctx));
    std::optional<PresentContainer> present;
    if (found.has_value()) {
      present.emplace();
      ASSIGN_OR_RETURN(present->ranges, ranges_.Get(client->range_source(), ctx));
      bool shared = false;
      Result<std::optional<OfferInfo>> offer =
          control_.ReadThroughput(*client, *found, ctx, &shared);
      // Without the right to know the throughput its shares are known all the same.
      if (offer.ok()) present->offer = *std::move(offer);
      present->offer_is_shared = shared;
      present->offer_hidden = offer.status().code() == StatusCode::kPermissionDenied;
      if (!offer.ok() && !present->offer_hidden) return std::move(offer).status();
      present->info = *std::move(found);
    }
    return MakeCosmosPartitioning(options(), present, documents_bytes);
  }

  Tuning* tuning() override { return &tuning_; }

 private:
  static std::string PlaceOf(double part) {
    const std::array<char, kRouteBytes> bytes =
        EpkOfRoute({static_cast<uint64_t>(part * static_cast<double>(kHashEnd)), 0});
    return std::string(bytes.data(), bytes.size());
  }

  // A conversation that stays with the container it was opened for.
  Result<std::unique_ptr<ContainerClient>> OpenClient(const ContainerInfo& container,
                                                      const RetryPolicy& policy) {
    ASSIGN_OR_RETURN(std::unique_ptr<HttpTransport> transport, transports_());
    auto client = std::make_unique<ContainerClient>(*account_, std::move(transport), policy);
    client->ExpectContainer(container.rid);
    return client;
  }

  std::unique_ptr<OperationSender> MakeSender(ContainerClient& client,
                                              const ContainerInfo& container) {
    if (!options().bulk) return std::make_unique<PointSender>(client);
    return std::make_unique<BulkSender>(client, ranges_, container.hash);
  }

  // A borrowed conversation; goes back when the call is over.
  struct ReturnClient {
    CosmosDestination* owner = nullptr;
    void operator()(ContainerClient* client) const {
      owner->Return(std::unique_ptr<ContainerClient>(client));
    }
  };
  using Lease = std::unique_ptr<ContainerClient, ReturnClient>;

  Result<Lease> Borrow() {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Lease lease(idle_.back().release(), ReturnClient{this});
        idle_.pop_back();
        return lease;
      }
    }
    ASSIGN_OR_RETURN(std::unique_ptr<HttpTransport> transport, transports_());
    return Lease(new ContainerClient(*account_, std::move(transport), kReadPolicy),
                 ReturnClient{this});
  }

  void Return(std::unique_ptr<ContainerClient> client) {
    std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleClientsMax) idle_.push_back(std::move(client));
  }

  Status Create(ContainerClient& client, const CallContext& ctx) const {
    if (options().create_like.empty()) return control_.CreateContainer(client, ctx);
    return control_.CreateContainerLike(client, ctx);
  }

  // What is known of the container; read when nothing is.
  Result<ContainerInfo> Container(ContainerClient& client, const CallContext& ctx) {
    {
      std::lock_guard lock(mutex_);
      if (container_.has_value()) return *container_;
    }
    ASSIGN_OR_RETURN(const std::optional<ContainerInfo> found, client.ReadContainer(ctx));
    if (!found.has_value()) return MissingContainer();
    RETURN_IF_ERROR(Install(*found));
    return *found;
  }

  Status Install(const ContainerInfo& found) {
    if (found.partition_key != options().partition_key) {
      return InvalidArgument("container " + options().container + " has the partition key " +
                             JoinPaths(found.partition_key) + ", but " +
                             JoinPaths(options().partition_key) + " is configured")
          .WithHint(
              "a container's partition key cannot be changed: configure the container's, or "
              "write to another container");
    }
    hash_.store(found.hash, std::memory_order_relaxed);
    std::lock_guard lock(mutex_);
    container_ = found;
    return Status::Ok();
  }

  Status MissingContainer() const {
    return NotFound("there is no container " + options().container + " in database " +
                    options().database + " of " + account_->home())
        .WithHint("create it, or allow it to be created with `create:` in the destination");
  }

  const CosmosOptions& options() const { return account_->options(); }

  const std::unique_ptr<CosmosAccount> account_;
  const HttpTransportFactory transports_;
  const ControlPlane control_;
  const Capabilities capabilities_;
  CosmosTuning tuning_;
  PartitionKeyRangeCache ranges_;
  std::atomic<HashKind> hash_ = HashKind::kV2;
  std::mutex mutex_;
  std::optional<ContainerInfo> container_;
  std::vector<std::unique_ptr<ContainerClient>> idle_;
};

}  // namespace

Result<std::unique_ptr<Destination>> MakeCosmosDestination(const CosmosOptions& options,
                                                           HttpTransportFactory transports,
                                                           Clock& clock) {
  RETURN_IF_ERROR(ValidateCosmosOptions(options));
  ASSIGN_OR_RETURN(std::unique_ptr<CosmosAccount> account, CosmosAccount::Make(options, clock));
  return std::unique_ptr<Destination>(
      std::make_unique<CosmosDestination>(std::move(account), std::move(transports)));
}

}  // namespace spillway::cosmosdb
