#include "connectors.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "config/relative_path.h"
#include "destinations/cosmosdb/control_container.h"
#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/cosmos_doctor.h"
#include "destinations/cosmosdb/cosmos_document_table.h"
#include "destinations/cosmosdb/cosmos_query.h"
#include "destinations/cosmosdb/cosmos_scratch.h"
#include "destinations/cosmosdb/cosmos_settings.h"
#include "destinations/cosmosdb/cosmos_spec.h"
#include "destinations/file/file_destination.h"
#include "destinations/file/file_spec.h"
#include "identity/identities.h"
#include "net/curl_transport.h"
#include "sources/delta/delta_environment.h"
#include "sources/delta/delta_options.h"
#include "sources/delta/delta_source.h"
#include "sources/delta/delta_spec.h"

namespace spillway {
namespace {

// The structs behind EndpointSettings, as the OptionsType of the same entry made them.
template <typename T>
const T& As(const void* options) {
  return *static_cast<const T*>(options);
}

// A key goes into the options; everything else becomes tokens, unless the options or the
// environment bring a credential of the storage itself.
Status SignInToStorage(const delta::DeltaConnection& connection, const std::string& folder,
                       DeltaOptions& options) {
  const AuthSection& auth = connection.auth;
  if (!IsAzureLocation(options.root.empty() ? options.table : options.root)) return Status::Ok();
  if (auth.kind() == AuthKind::kKey) {
    ASSIGN_OR_RETURN(options.storage["azure_storage_account_key"],
                     ProgramIdentities().ReadSecret(auth.key, folder, {}));
    return Status::Ok();
  }
  if (auth.kind() == AuthKind::kDefault && HasAzureCredential(options)) return Status::Ok();
  const std::string host = options.root.substr(options.root.find('@') + 1);
  const Cloud& cloud = connection.cloud ? CloudOf(*connection.cloud)
                                        : CloudOfHost(host.substr(0, host.find_first_of(":/")));
  ASSIGN_OR_RETURN(options.token.provider, ProgramIdentities().Provider(auth, cloud, folder));
  options.token.scope = ScopeOfAudience(kStorageAudience);
  return Status::Ok();
}

Result<DeltaOptions> MakeDeltaOptions(const delta::DeltaConnection& connection,
                                      const std::string& table, const std::string& folder) {
  DeltaOptions options;
  options.root = ResolvePath(folder, connection.root);
  options.table = table;
  for (const auto& [name, option] : connection.options) {
    std::string& value = options.storage[name];
    value = option.text;
    if (option.secret.given()) {
      ASSIGN_OR_RETURN(value, ProgramIdentities().ReadSecret(option.secret, folder, {}));
    }
  }
  RETURN_IF_ERROR(AddStorageFromEnvironment(ProcessEnvironment(), options));
  RETURN_IF_ERROR(SignInToStorage(connection, folder, options));
  return options;
}

Result<std::unique_ptr<Source>> OpenDeltaTable(const EndpointSettings& settings,
                                               const std::string& table) {
  const auto& connection = As<delta::DeltaConnection>(settings.connection);
  ASSIGN_OR_RETURN(DeltaOptions options, MakeDeltaOptions(connection, table, settings.folder));
  return MakeDeltaSource(std::move(options));
}

Result<std::unique_ptr<Source>> OpenDeltaLocation(const std::string& location) {
  DeltaOptions options;
  options.root = ResolvePath(".", location);
  RETURN_IF_ERROR(AddStorageFromEnvironment(ProcessEnvironment(), options));
  RETURN_IF_ERROR(SignInToStorage({}, "", options));
  return MakeDeltaSource(std::move(options));
}

ConnectorType Delta() {
  ConnectorType type;
  type.name = "delta";
  type.doc = "Delta Lake tables in a folder or an object store.";
  type.connection = OptionsOf(delta::DeltaConnectionSpec());
  type.source = OptionsOf(delta::DeltaTableSpec());
  type.open_source = [](const EndpointSettings& settings) {
    return OpenDeltaTable(settings, As<delta::DeltaTable>(settings.endpoint).table);
  };
  type.open_named_source = &OpenDeltaTable;
  type.open_location = &OpenDeltaLocation;
  return type;
}

HttpTransportFactory Transports(const cosmosdb::CosmosOptions& options) {
  CurlOptions transport;
  transport.ca_file = options.ca_file;
  return CurlTransportFactory(transport, SystemClock());
}

Result<cosmosdb::CosmosOptions> CosmosOptionsOf(const EndpointSettings& settings,
                                                const DocumentOptions& documents) {
  return cosmosdb::MakeCosmosOptions(As<cosmosdb::CosmosConnection>(settings.connection),
                                     As<cosmosdb::CosmosContainer>(settings.endpoint),
                                     documents.partition_key_paths, settings.folder,
                                     ProgramIdentities());
}

Result<std::unique_ptr<Destination>> OpenCosmos(const EndpointSettings& settings,
                                                const DocumentOptions& documents) {
  ASSIGN_OR_RETURN(const cosmosdb::CosmosOptions options, CosmosOptionsOf(settings, documents));
  return cosmosdb::MakeCosmosDestination(options, Transports(options), SystemClock());
}

void DiagnoseCosmosDestination(const EndpointSettings& settings, const DocumentOptions& documents,
                               const CallContext& ctx, Findings& findings) {
  const auto options = CosmosOptionsOf(settings, documents);
  if (!options.ok()) return findings.Fail("credential", options.status());
  cosmosdb::DiagnoseCosmos(*options, Transports(*options), SystemClock(), ctx, findings);
}

Result<std::unique_ptr<ScratchSpace>> OpenCosmosScratch(const EndpointSettings& settings,
                                                        const DocumentOptions& documents) {
  ASSIGN_OR_RETURN(const cosmosdb::CosmosOptions options, CosmosOptionsOf(settings, documents));
  return cosmosdb::MakeCosmosScratch(options, Transports(options), SystemClock());
}

// CosmosQuery with the options it was made from.
class CosmosQueryRows : public QueryRows {
 public:
  explicit CosmosQueryRows(std::unique_ptr<cosmosdb::CosmosQuery> query)
      : query_(std::move(query)) {}
  Result<std::span<const std::string>> NextPage(const CallContext& ctx) override {
    ASSIGN_OR_RETURN(page_, query_->NextResults(ctx));
    return std::span<const std::string>(page_);
  }
  double cost() const override { return query_->cost(); }

 private:
  std::unique_ptr<cosmosdb::CosmosQuery> query_;
  std::vector<std::string> page_;
};

// `name` is the container, unless the settings are a pipeline's own.
Result<std::unique_ptr<QueryRows>> QueryCosmos(const EndpointSettings& settings,
                                               const std::string& name, const std::string& sql) {
  cosmosdb::CosmosContainer container;
  if (settings.endpoint != nullptr) {
    container = As<cosmosdb::CosmosContainer>(settings.endpoint);
  } else {
    container.container = name;
  }
  container.create.never = true;
  ASSIGN_OR_RETURN(
      const cosmosdb::CosmosOptions options,
      cosmosdb::MakeCosmosOptions(As<cosmosdb::CosmosConnection>(settings.connection), container,
                                  {"/id"}, settings.folder, ProgramIdentities()));
  ASSIGN_OR_RETURN(std::unique_ptr<cosmosdb::CosmosQuery> query,
                   cosmosdb::MakeCosmosQuery(options, Transports(options), SystemClock(), sql, ""));
  return std::unique_ptr<QueryRows>(std::make_unique<CosmosQueryRows>(std::move(query)));
}

// Small documents that are read by their names: nothing of them is worth an index.
Result<std::unique_ptr<DocumentTable>> OpenCosmosTableOf(const EndpointSettings& settings,
                                                         const TablePlace& place,
                                                         std::string_view partition,
                                                         cosmosdb::TableTtl ttl) {
  cosmosdb::CosmosConnection connection = As<cosmosdb::CosmosConnection>(settings.connection);
  if (!place.database.empty()) connection.database = place.database;
  cosmosdb::CosmosContainer container;
  container.container = place.container;
  container.create.indexing.kind = cosmosdb::IndexingKind::kNone;
  if (ttl == cosmosdb::TableTtl::kOn) container.create.ttl.seconds = -1;
  ASSIGN_OR_RETURN(
      const cosmosdb::CosmosOptions options,
      cosmosdb::MakeCosmosOptions(connection, container, {fmt::format("/{}", partition)},
                                  settings.folder, ProgramIdentities()));
  return cosmosdb::MakeCosmosDocumentTable(options, ttl, Transports(options), SystemClock());
}

Result<std::unique_ptr<DocumentTable>> OpenCosmosTable(const EndpointSettings& settings,
                                                       const TablePlace& place) {
  return OpenCosmosTableOf(settings, place, kTablePartition, cosmosdb::TableTtl::kNone);
}

Result<std::unique_ptr<ShareBoard>> OpenCosmosBoard(const EndpointSettings& control,
                                                    const ShareGroup& group,
                                                    const EndpointSettings& destination) {
  ASSIGN_OR_RETURN(std::unique_ptr<DocumentTable> table,
                   OpenCosmosTableOf(control, group.control, cosmosdb::kGroupPartition,
                                     cosmosdb::TableTtl::kOn));
  return cosmosdb::MakeControlContainer(
      std::move(table),
      {.database = As<cosmosdb::CosmosConnection>(destination.connection).database,
       .container = As<cosmosdb::CosmosContainer>(destination.endpoint).container,
       .name = group.name,
       .units_per_second = group.units_per_second,
       .share = group.share},
      SystemClock());
}

ConnectorType CosmosDb() {
  ConnectorType type;
  type.name = "cosmosdb";
  type.doc = "Azure Cosmos DB for NoSQL, and the local server.";
  type.connection = OptionsOf(cosmosdb::CosmosConnectionSpec());
  type.destination = OptionsOf(cosmosdb::CosmosContainerSpec());
  type.open_destination = &OpenCosmos;
  type.describe_destination = [](const EndpointSettings& settings) {
    return cosmosdb::DescribeContainer(As<cosmosdb::CosmosConnection>(settings.connection),
                                       As<cosmosdb::CosmosContainer>(settings.endpoint));
  };
  type.diagnose_destination = &DiagnoseCosmosDestination;
  type.open_scratch = &OpenCosmosScratch;
  type.query = &QueryCosmos;
  type.open_table = &OpenCosmosTable;
  type.open_share_board = &OpenCosmosBoard;
  type.same_container = [](const EndpointSettings& settings, const TablePlace& place) {
    const auto& connection = As<cosmosdb::CosmosConnection>(settings.connection);
    return As<cosmosdb::CosmosContainer>(settings.endpoint).container == place.container &&
           (place.database.empty() || place.database == connection.database);
  };
  return type;
}

ConnectorType File() {
  ConnectorType type;
  type.name = "file";
  type.doc = "JSON lines in a folder: documents to look at before they go anywhere else.";
  type.connection = OptionsOf(file::FileConnectionSpec());
  type.destination = OptionsOf(file::FileContainerSpec());
  type.open_destination = [](const EndpointSettings& settings, const DocumentOptions& documents) {
    return MakeFileDestination(file::MakeFileOptions(
        As<file::FileConnection>(settings.connection), As<file::FileContainer>(settings.endpoint),
        documents.partition_key_paths, settings.folder));
  };
  // As written: the same from every working directory.
  type.describe_destination = [](const EndpointSettings& settings) {
    return fmt::format("{}/{}", As<file::FileConnection>(settings.connection).root,
                       As<file::FileContainer>(settings.endpoint).container);
  };
  return type;
}

}  // namespace

std::span<const ConnectorType> Connectors() {
  static const std::vector<ConnectorType> connectors = {Delta(), CosmosDb(), File()};
  return connectors;
}

const ConnectorType* FindConnector(std::string_view name) {
  for (const ConnectorType& connector : Connectors()) {
    if (connector.name == name) return &connector;
  }
  return nullptr;
}

}  // namespace spillway
