#include "app/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "destinations/cosmosdb/cosmos_spec.h"
#include "sources/delta/delta_spec.h"

namespace spillway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Connections() {
  return "version: 1\n"
         "connections:\n"
         "  lake: {type: delta, root: ./lake}\n"
         "  shop: {type: cosmosdb, endpoint: 'https://h:443/', database: d, auth: {key: {env: "
         "K}}}\n"
         "pipelines:\n"
         "  products:\n";
}

// The pipeline's own lines begin with line 7.
std::string ErrorOf(const std::string& pipeline) {
  const auto project = Project::Parse(Connections() + pipeline, "dir/spillway.yaml");
  return project.ok() ? std::string() : std::string(project.status().message());
}

constexpr const char* kSource = "    source: {connection: lake, table: t}\n";
constexpr const char* kDestination =
    "    destination: {connection: shop, container: c, partition_key: /category}\n";

TEST(Project, ResolvesNamesAndFillsDefaults) {
  const auto project = Project::Parse(Connections() + kSource + kDestination, "dir/spillway.yaml");
  ASSERT_TRUE(project.ok()) << project.status().message();
  const auto found = (*project)->FindPipeline("products");
  ASSERT_TRUE(found.ok());
  const PipelineConfig& pipeline = **found;
  EXPECT_EQ(pipeline.source_connection->name, "lake");
  EXPECT_EQ(static_cast<const delta::DeltaTable*>(pipeline.source.get())->table, "t");
  EXPECT_EQ(pipeline.destination_connection->name, "shop");
  const auto* container = static_cast<const cosmosdb::CosmosContainer*>(pipeline.destination.get());
  EXPECT_EQ(container->container, "c");
  EXPECT_TRUE(container->bulk);
  EXPECT_EQ(pipeline.documents.id_columns, std::vector<std::string>{"id"});
  EXPECT_EQ(pipeline.documents.partition_key_paths, std::vector<std::string>{"/category"});
  EXPECT_EQ(pipeline.sync.mode.write(), WriteMode::kMirror);
  EXPECT_EQ(pipeline.sync.max_rejected.share, 0.001);
  EXPECT_EQ((*project)->memory_bytes(), 256ull << 20);
  EXPECT_TRUE((*project)->state_path().ends_with("/dir/.spillway/state.db"));
  EXPECT_TRUE((*project)->state_path().starts_with('/'));
  EXPECT_TRUE((*project)->spill_folder().ends_with("/dir/.spillway/spill"));
}

TEST(Project, MergesColumnPoliciesOverTheDocuments) {
  const auto project = Project::Parse(Connections() + kSource + kDestination +
                                          "    documents: {nulls: omit, fields: {pricing.unit: "
                                          "price}, columns: {at: {timestamps: epoch_us}}}\n",
                                      "spillway.yaml");
  ASSERT_TRUE(project.ok()) << project.status().message();
  const DocumentOptions& documents = (*(*project)->FindPipeline("products"))->documents;
  EXPECT_EQ(documents.policy.nulls, NullPolicy::kOmit);
  EXPECT_EQ(documents.policy.timestamps, TimestampPolicy::kIso8601);
  EXPECT_EQ(documents.column_policies.at("at").nulls, NullPolicy::kOmit);
  EXPECT_EQ(documents.column_policies.at("at").timestamps, TimestampPolicy::kEpochMicros);
  ASSERT_EQ(documents.fields.size(), 1u);
  EXPECT_EQ(documents.fields[0].field, "pricing.unit");
  EXPECT_EQ(documents.fields[0].column, "price");
}

TEST(Project, ReadsEveryFormOfAnId) {
  const auto read = [](const std::string& id) {
    auto project =
        Project::Parse(Connections() + kSource +
                           "    destination: {connection: shop, container: c, partition_key: "
                           "/k, id: " +
                           id + "}\n",
                       "spillway.yaml");
    EXPECT_TRUE(project.ok()) << id;
    return (*(*project)->FindPipeline("products"))->documents;
  };
  EXPECT_EQ(read("sku").id_columns, std::vector<std::string>{"sku"});
  EXPECT_EQ(read("[a, b]").id_columns, (std::vector<std::string>{"a", "b"}));
  const DocumentOptions documents = read("{columns: [a, b], separator: '-', escaping: percent}");
  EXPECT_EQ(documents.id_separator, "-");
  EXPECT_EQ(documents.id_escaping, IdEscaping::kPercent);
}

TEST(Project, ReadsEveryModeByItsOneWord) {
  for (const char* mode :
       {"mirror", "upsert", "append", "update", "upsert_if_not_modified", "patch",
        "patch_if_exists", "merge_fields", "delete", "delete_if_not_modified"}) {
    EXPECT_EQ(ErrorOf(std::string(kSource) + kDestination + "    sync: {mode: " + mode + "}\n"), "")
        << mode;
  }
}

struct Bad {
  std::string pipeline;
  std::vector<const char*> errors;
};

class ProjectRefuses : public ::testing::TestWithParam<Bad> {};

TEST_P(ProjectRefuses, WithPlaceAndAdvice) {
  const std::string error = ErrorOf(GetParam().pipeline);
  for (const char* expected : GetParam().errors) EXPECT_THAT(error, HasSubstr(expected));
}

std::string WithSync(const std::string& sync) {
  return std::string(kSource) + kDestination + "    sync: " + sync + "\n";
}

std::string WithDestination(const std::string& more) {
  return std::string(kSource) +
         "    destination: {connection: shop, container: c, partition_key: /k, " + more + "}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ProjectRefuses,
    ::testing::Values(
        Bad{std::string("    source: {connection: lke, table: t}\n") + kDestination,
            {"dir/spillway.yaml:7:26: there is no connection `lke`", "did you mean `lake`?"}},
        Bad{std::string("    source: {connection: zzzzzz, table: t}\n") + kDestination,
            {"known: lake, shop"}},
        Bad{std::string("    source: {connection: shop, table: t}\n") + kDestination,
            {":7:26: this connection cannot be a source"}},
        Bad{std::string("    source: {table: t}\n") + kDestination,
            {"`pipelines.products.source.connection` is missing"}},
        Bad{std::string("    source: {connection: lake}\n") + kDestination,
            {":7:5: `pipelines.products.source.table` is missing"}},
        Bad{std::string("    source: {connection: lake, table: ../x}\n") + kDestination,
            {":7:39: `../x` is not below the connection's root"}},
        Bad{std::string("    source: {connection: lake, table: t, colums: [a]}\n") + kDestination,
            {":7:42: unknown key `colums` in `pipelines.products.source`",
             "did you mean `columns`?"}},
        Bad{kSource, {":6:3: `pipelines.products.destination` is missing"}},
        Bad{std::string(kSource) +
                "    destination: {connection: shop, container: c, partition_key: category}\n",
            {":8:66: `category` is not a partition key path", "write `/category`"}},
        Bad{std::string(kSource) + "    destination: {connection: shop, container: c}\n",
            {"`pipelines.products.destination.partition_key` is missing"}},
        Bad{WithDestination("create: {throughput: 400}"),
            {"must be a map, not `400`", "manual, autoscale"}},
        Bad{WithDestination("create: {throughput: {manual: 450}}"),
            {"450 RU/s is not a multiple of 100", "write 500"}},
        Bad{WithDestination("create: {throughput: {autoscale: 1500}}"), {"write 2000"}},
        Bad{WithDestination("create: {throughput: {manual: 400, autoscale: 1000}}"),
            {"exactly one of: manual, autoscale"}},
        Bad{WithDestination("create: {indexing: som}"),
            {"`pipelines.products.destination.create.indexing` cannot be `som`"}},
        Bad{WithDestination("create: {ttl: 1500ms}"), {"create.ttl` cannot be `1500ms`"}},
        Bad{WithDestination("create: {unique_keys: [email]}"),
            {"`email` is not a path", "write `/email`"}},
        Bad{WithDestination("create: no"), {"cannot be `no`"}},
        Bad{WithDestination("throughput_bucket: 9"), {"out of range"}},
        Bad{WithSync("{mode: miror}"), {"did you mean `mirror`?"}},
        Bad{WithSync("{mode: soft_delete}"),
            {":9:18: `pipelines.products.sync.mode: soft_delete` does not say which field",
             "write `mode: {soft_delete: {field: deleted, value: true}}`"}},
        Bad{WithSync("{mode: {soft_delete: {value: true}}}"),
            {"`pipelines.products.sync.mode.soft_delete.field` is missing"}},
        Bad{WithSync("{mode: {soft_delete: {field: gone, vale: true}}}"),
            {"did you mean `value`?"}},
        Bad{WithSync("{mode: {soft_delete: {field: gone, value: [1]}}}"),
            {"must be true, false, a number or text"}},
        Bad{WithSync("{mode: {soft_delete: {field: a.b}}}"), {"`a.b` is not a name at the top"}},
        Bad{WithSync("{mode: {soft_delete: {field: id}}}"), {"`id` names the document"}},
        Bad{WithSync("{mode: {soft_delete: {field: category}}}"),
            {"`category` is the partition key and cannot mark a document"}},
        Bad{WithSync("{mode: {mirror: {}}}"), {"unknown key `mirror`"}},
        Bad{std::string(kSource) + kDestination +
                "    documents: {fields: {gone.since: at}}\n"
                "    sync: {mode: {soft_delete: {field: gone}}}\n",
            {"`documents.fields` fills it with column `at`"}},
        Bad{WithSync("{changes: fed}"), {"did you mean `feed`?"}},
        Bad{WithSync("{strategy: switch}"), {"is not supported by this version", "use `direct`"}},
        Bad{WithSync("{max_rejected: few}"), {"must be a number of rows or a share, not `few`"}},
        Bad{WithSync("{delete_guard: 0.1}"), {"is not a share"}},
        Bad{WithSync("{settle: 1ms}"), {"out of range"}},
        Bad{WithSync("{mode: append, duplicates: last}"),
            {":9:18: `mode: append` and `duplicates: last` contradict"}},
        Bad{std::string(kSource) + kDestination + "    throughput: {limit: 8000 RU}\n",
            {"must be a share or request units per second, not `8000 RU`", "write 30% or 8000"}},
        Bad{std::string(kSource) + kDestination + "    throughput: {limit: 0%}\n",
            {"must be more than nothing"}},
        Bad{std::string(kSource) + kDestination + "    throughput: {limits: 30%}\n",
            {"did you mean `limit`"}},
        Bad{std::string(kSource) + kDestination + "    transforms: {}\n",
            {":9:5: `pipelines.products.transforms` is not supported by this version"}},
        Bad{std::string(kSource) + kDestination +
                "    documents: {columns: {at: {timestamp: iso8601}}}\n",
            {"unknown key `timestamp` in `pipelines.products.documents.columns.at`",
             "did you mean `timestamps`?"}}));

TEST(Project, ReportsProblemsOfAllSectionsAtOnce) {
  const auto project = Project::Parse(
      "version: 2\nconnections:\n  lake: {type: dleta, root: x}\n  shop: {type: cosmosdb, "
      "endpoint: x}\n"
      "  'bad name': {type: delta, root: x}\nmemroy: 1GiB\npipelines:\n  p:\n    source: {}\n",
      "spillway.yaml");
  ASSERT_FALSE(project.ok());
  EXPECT_EQ(project.status().code(), StatusCode::kInvalidArgument);
  const std::string error(project.status().message());
  for (const char* expected :
       {":1:10: `version` is 2, which is out of range",
        ":3:16: `dleta` is not a type of connection", "did you mean `delta`?",
        "`connections.shop.database` is missing", ":5:3: `bad name` is not a name",
        ":6:1: unknown key `memroy`", "`pipelines.p.destination` is missing",
        "`pipelines.p.source.connection` is missing"}) {
    EXPECT_THAT(error, HasSubstr(expected));
  }
}

TEST(Project, RefusesAWayToSignInThatIsNone) {
  for (const char* auth : {"kerberos", "{kerberos: {}}"}) {
    const auto project = Project::Parse(
        std::string("version: 1\nconnections:\n  s: {type: cosmosdb, endpoint: https://a.example/,"
                    " database: d, auth: ") +
            auth + "}\npipelines: {}\n",
        "spillway.yaml");
    ASSERT_FALSE(project.ok()) << auth;
    EXPECT_THAT(std::string(project.status().message()), HasSubstr("connections.s.auth")) << auth;
  }
}

TEST(Project, AsksForAReferenceWhereAStorageOptionIsASecret) {
  const auto project = Project::Parse(
      "version: 1\nconnections:\n  lake:\n    type: delta\n    root: s3://b\n    options:\n"
      "      aws_region: eu-west-1\n      aws_access_key_id: AKIA\n      aws_secret_access_key: "
      "hunter2\n"
      "pipelines: {}\n",
      "spillway.yaml");
  ASSERT_FALSE(project.ok());
  const std::string error(project.status().message());
  EXPECT_THAT(error,
              HasSubstr(":9:30: `connections.lake.options.aws_secret_access_key` must say where"));
  EXPECT_THAT(error, Not(HasSubstr("hunter2")));
  EXPECT_THAT(error, Not(HasSubstr("aws_access_key_id`")));
}

TEST(Project, TheDeleteGuardIsAShareOrOff) {
  const auto guard = [](const char* text) {
    const auto project = Project::Parse(
        Connections() + kSource + kDestination + "    sync: {delete_guard: " + text + "}\n",
        "spillway.yaml");
    EXPECT_TRUE(project.ok()) << project.status().message();
    return (*(*project)->FindPipeline("products"))->sync.delete_guard;
  };
  EXPECT_EQ(guard("25%"), Share{0.25});
  EXPECT_EQ(guard("off"), std::nullopt);
}

TEST(Project, AMarkOfSoftDeletesIsAJsonScalar) {
  const auto mark = [](const char* text) {
    const auto project = Project::Parse(
        Connections() + kSource + kDestination + "    sync: {mode: {soft_delete: " + text + "}}\n",
        "spillway.yaml");
    EXPECT_TRUE(project.ok()) << project.status().message();
    const PipelineConfig& pipeline = **(*project)->FindPipeline("products");
    EXPECT_EQ(pipeline.sync.mode.write(), WriteMode::kSoftDelete);
    EXPECT_EQ(pipeline.documents.soft_delete->field, "gone");
    return pipeline.documents.soft_delete->value;
  };
  EXPECT_EQ(mark("{field: gone}"), "true");
  EXPECT_EQ(mark("{field: gone, value: false}"), "false");
  EXPECT_EQ(mark("{field: gone, value: 12.5}"), "12.5");
  EXPECT_EQ(mark("{field: gone, value: '1'}"), "\"1\"") << "quoted";
  EXPECT_EQ(mark("{field: gone, value: 0x1}"), "\"0x1\"") << "no JSON number";
  EXPECT_EQ(mark("{field: gone, value: went \"away\"}"), "\"went \\\"away\\\"\"");
}

std::string StateErrorOf(const std::string& state, const std::string& container = "c") {
  const auto project = Project::Parse(
      Connections() + kSource + "    destination: {connection: shop, container: " + container +
          ", partition_key: /category}\nstate: " + state + "\n",
      "dir/spillway.yaml");
  return project.ok() ? std::string() : std::string(project.status().message());
}

TEST(Project, KeepsItsStateInAFileOrInAContainerOfItsOwn) {
  const auto project = Project::Parse(Connections() + kSource + kDestination +
                                          "state: {store: cosmosdb, connection: shop, database: s,"
                                          " container: kept}\n",
                                      "dir/spillway.yaml");
  ASSERT_TRUE(project.ok()) << project.status().message();
  const auto& state = (*project)->remote_state();
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->connection->name, "shop");
  EXPECT_EQ(state->place.database, "s");
  EXPECT_EQ(state->place.container, "kept");
  EXPECT_TRUE((*project)->spill_folder().ends_with("/dir/.spillway/spill"));
  EXPECT_EQ(StateErrorOf("{store: cosmosdb, connection: shop}"), "");
  EXPECT_EQ(StateErrorOf("{path: ./other.db}"), "");
}

TEST(Project, KeepsNoIndexOnOneMachineForAStateThatManyShare) {
  const std::string state = "state: {store: cosmosdb, connection: shop}\n";
  for (const std::string sync : {"{index: true}", "{changes: index}"}) {
    const auto project =
        Project::Parse(Connections() + kSource + kDestination + "    sync: " + sync + "\n" + state,
                       "dir/spillway.yaml");
    ASSERT_FALSE(project.ok()) << sync;
    EXPECT_THAT(project.status().message(), HasSubstr("keeps an index on this machine"));
  }
}

TEST(Project, RefusesAStateThatCannotBe) {
  EXPECT_THAT(StateErrorOf("{store: cosmosdb}"), HasSubstr("`state.connection` is missing"));
  EXPECT_THAT(StateErrorOf("{store: cosmosdb, connection: shp}"),
              HasSubstr("there is no connection `shp`"));
  EXPECT_THAT(StateErrorOf("{store: cosmosdb, connection: lake}"),
              HasSubstr("connection `lake` (delta) cannot keep a state"));
  EXPECT_THAT(StateErrorOf("{store: cosmosdb, connection: shop, path: x}"),
              HasSubstr("`state.path` does not belong to this store"));
  EXPECT_THAT(StateErrorOf("{connection: shop}"),
              HasSubstr("`state.connection` does not belong to this store"));
  EXPECT_THAT(StateErrorOf("{store: cosmosdb, connection: shop, container: same}", "same"),
              HasSubstr("pipeline `products` writes into the container of the state"));
  EXPECT_EQ(
      StateErrorOf("{store: cosmosdb, connection: shop, database: e, container: same}", "same"),
      "");
}

TEST(Project, NamesTheNearestPipeline) {
  const auto project = Project::Parse(Connections() + kSource + kDestination, "spillway.yaml");
  ASSERT_TRUE(project.ok());
  const auto missing = (*project)->FindPipeline("product");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(missing.status().hint(), "did you mean `products`?");
}

TEST(Project, IsFoundInAFolderAbove) {
  const auto root = std::filesystem::path(::testing::TempDir()) / "spillway_project_test";
  std::filesystem::create_directories(root / "a" / "b");
  std::ofstream(root / "spillway.yaml") << "version: 1\n";
  const auto found = FindProjectFile((root / "a" / "b").string());
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(std::filesystem::equivalent(*found, root / "spillway.yaml"));
  std::filesystem::remove_all(root);
}

TEST(Project, EveryExampleLoads) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(SPILLWAY_SOURCE_DIR) / "examples")) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const auto project = Project::Load(entry.path().string());
    EXPECT_TRUE(project.ok()) << project.status().message();
  }
  EXPECT_GE(files, 3u);
}

}  // namespace
}  // namespace spillway
