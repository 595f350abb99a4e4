#include "destinations/cosmosdb/cosmos_scratch.h"

#include <optional>
#include <utility>

#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/control_plane.h"
#include "destinations/cosmosdb/cosmos_destination.h"

namespace spillway::cosmosdb {
namespace {

constexpr RetryPolicy kPolicy{};

class CosmosScratch : public ScratchSpace {
 public:
  CosmosScratch(CosmosOptions options, HttpTransportFactory transports, Clock& clock)
      : options_(std::move(options)), transports_(std::move(transports)), clock_(clock) {}

  Result<std::vector<ScratchPlace>> List(const std::string& prefix,
                                         const CallContext& ctx) override {
    constexpr int64_t kMillis = 1'000;
    ASSIGN_OR_RETURN(Conversation conversation, Open(options_));
    ASSIGN_OR_RETURN(const std::vector<ListedContainer> containers,
                     Control(options_).ListContainers(*conversation.client, ctx));
    std::vector<ScratchPlace> places;
    for (const ListedContainer& container : containers) {
      if (!container.name.starts_with(prefix)) continue;
      places.push_back({container.name, container.changed_seconds * kMillis});
    }
    return places;
  }

  Result<std::string> Describe(const std::string& name, const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const CosmosOptions made, OptionsOf(name, ctx));
    if (!made.create->throughput.manual) {
      return "a container " + name + " without throughput of its own";
    }
    return "a container " + name + " with " + std::to_string(*made.create->throughput.manual) +
           " RU/s, of which an hour is billed";
  }

  Result<std::unique_ptr<Destination>> Create(const std::string& name,
                                              const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const CosmosOptions made, OptionsOf(name, ctx));
    ASSIGN_OR_RETURN(Conversation conversation, Open(made));
    ContainerClient& client = *conversation.client;
    ASSIGN_OR_RETURN(const std::optional<std::string> database, client.ReadDatabase(ctx));
    if (!database.has_value()) {
      if (!options_.create.has_value()) return NoDatabase();
      made_database_ = true;
      RETURN_IF_ERROR(Explained(Control(made).CreateDatabase(client, ctx)));
    }
    RETURN_IF_ERROR(Explained(Control(made).CreateContainer(client, ctx)));
    CosmosOptions used = made;
    used.create.reset();
    ASSIGN_OR_RETURN(std::unique_ptr<Destination> destination,
                     MakeCosmosDestination(used, transports_, clock_));
    RETURN_IF_ERROR(destination->Prepare(false, ctx).status());
    return destination;
  }

  Status Remove(const std::string& name, const CallContext& ctx) override {
    CosmosOptions gone = options_;
    gone.container = name;
    ASSIGN_OR_RETURN(Conversation conversation, Open(gone));
    RETURN_IF_ERROR(Control(gone).DeleteContainer(*conversation.client, ctx));
    if (!made_database_) return Status::Ok();
    // Whoever else has found it by now and put something into it keeps it.
    ASSIGN_OR_RETURN(const std::vector<ListedContainer> others,
                     Control(options_).ListContainers(*conversation.client, ctx));
    if (others.empty()) RETURN_IF_ERROR(Control(gone).DeleteDatabase(*conversation.client, ctx));
    made_database_ = false;
    return Status::Ok();
  }

 private:
  struct Conversation {
    std::unique_ptr<CosmosAccount> account;
    std::unique_ptr<ContainerClient> client;
  };

  Result<Conversation> Open(const CosmosOptions& options) {
    Conversation conversation;
    ASSIGN_OR_RETURN(conversation.account, CosmosAccount::Make(options, clock_));
    ASSIGN_OR_RETURN(std::unique_ptr<HttpTransport> transport, transports_());
    conversation.client =
        std::make_unique<ContainerClient>(*conversation.account, std::move(transport), kPolicy);
    return conversation;
  }

  // Of a container like the pipeline's: the one that is there, or the one that would be made.
  Result<CosmosOptions> OptionsOf(const std::string& name, const CallContext& ctx) {
    ASSIGN_OR_RETURN(Conversation conversation, Open(options_));
    ASSIGN_OR_RETURN(const std::optional<ContainerInfo> present,
                     conversation.client->ReadContainer(ctx));
    CosmosOptions made = options_;
    made.container = name;
    if (!made.create.has_value()) made.create.emplace();
    bool own_throughput =
        made.create->throughput.manual.has_value() || made.create->throughput.autoscale_max;
    if (present.has_value()) {
      made.partition_key = present->partition_key;
      made.partition_key_v1 = present->hash == HashKind::kV1;
      made.create->indexing = Indexing::kCustom;
      made.create->indexing_policy = present->indexing_policy;
      made.create->unique_keys = present->unique_keys;
      ASSIGN_OR_RETURN(own_throughput, HasOffer(*conversation.client, *present, ctx));
    }
    made.create->ttl_seconds.reset();
    made.create->throughput = {};
    if (own_throughput) made.create->throughput.manual = kScratchUnitsPerSecond;
    return made;
  }

  // A container that draws on its database, or on a serverless account, gets none of its own.
  Result<bool> HasOffer(ContainerClient& client, const ContainerInfo& present,
                        const CallContext& ctx) const {
    bool shared = false;
    ASSIGN_OR_RETURN(const std::optional<OfferInfo> offer,
                     Control(options_).ReadThroughput(client, present, ctx, &shared));
    return offer.has_value() && !shared;
  }

  ControlPlane Control(const CosmosOptions& options) const {
    return ControlPlane(options, transports_, clock_);
  }

  Status NoDatabase() const {
    return NotFound("there is no database " + options_.database +
                    ", and `create: never` says "
                    "that nothing is created")
        .WithHint("plan without --measure");
  }

  static Status Explained(Status status) {
    if (status.code() != StatusCode::kPermissionDenied &&
        status.code() != StatusCode::kUnauthenticated) {
      return status;
    }
    return std::move(status).WithHint(
        "a role of the data plane may not make containers: plan without --measure, with the "
        "account's key, or with `arm:` in the connection");
  }

  const CosmosOptions options_;
  const HttpTransportFactory transports_;
  Clock& clock_;
  bool made_database_ = false;
};

}  // namespace

Result<std::unique_ptr<ScratchSpace>> MakeCosmosScratch(const CosmosOptions& options,
                                                        HttpTransportFactory transports,
                                                        Clock& clock) {
  RETURN_IF_ERROR(ValidateCosmosOptions(options));
  return std::unique_ptr<ScratchSpace>(
      std::make_unique<CosmosScratch>(options, std::move(transports), clock));
}

}  // namespace spillway::cosmosdb
