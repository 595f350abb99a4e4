// `throughput:` of a pipeline.
#include <fmt/format.h>

#include <memory>

#include "app/project_spec.h"

namespace spillway {
namespace {

// `limit`: "30%" or units a second.
class ThroughputLimitType : public Type<ThroughputLimit> {
 public:
  void Read(const YamlNode& node, const Reading& reading, ThroughputLimit& target) const override {
    const std::string* text = ReadScalar(node, reading, Describe());
    if (text == nullptr) return;
    const Result<ThroughputLimit> limit = ParseThroughputLimit(*text);
    if (limit.ok()) {
      target = *limit;
      return;
    }
    reading.problems.Add(node.place,
                         fmt::format("`{}` {}", reading.where, limit.status().message()),
                         std::string(limit.status().hint()));
  }
  std::string Format(const ThroughputLimit& value) const override {
    return value.is_set() ? FormatThroughputLimit(value) : std::string();
  }
  std::string Describe() const override { return "a share or request units per second"; }
  void WriteSchema(JsonWriter& json) const override {
    json.Key("type").BeginArray().String("integer").String("string").EndArray();
  }
};

constexpr uint32_t kUnitsMax = 100'000'000;
constexpr const char* kManualDoc = "A fixed number of request units a second.";
constexpr const char* kAutoscaleDoc =
    "The most of a number that follows what is used down to a tenth.";

const Spec<ProvisionedSection>& ProvisionedSpec() {
  static const auto spec =
      Spec<ProvisionedSection>("The container's throughput from the end of a load on.")
          .Field(&ProvisionedSection::manual, "manual", kManualDoc, Integer(1, kUnitsMax))
          .Example("400")
          .Field(&ProvisionedSection::autoscale, "autoscale", kAutoscaleDoc, Integer(1, kUnitsMax))
          .Example("4000")
          .ExactlyOne();
  return spec;
}

const Spec<InitialLoadSection>& InitialLoadSpec() {
  static const auto spec =
      Spec<InitialLoadSection>(
          "What the container is set to while a load goes on, and set back from afterwards, however"
          " the load ended.")
          .Field(&InitialLoadSection::manual, "manual", kManualDoc, Integer(1, kUnitsMax))
          .Example("50000")
          .Field(&InitialLoadSection::autoscale, "autoscale", kAutoscaleDoc, Integer(1, kUnitsMax))
          .Example("50000")
          .Field(&InitialLoadSection::light_indexing, "indexing",
                 "What is indexed meanwhile. `light` makes writes cheaper; the index is built when"
                 " the load is done, and until then queries may miss documents.",
                 OneOf<bool>({{"keep", false, "what the container indexes"},
                              {"light", true, "nothing but the system's own properties"}}))
          .Check([](const YamlNode&, const Reading& reading, const InitialLoadSection& value) {
            if (!value.manual || !value.autoscale) return;
            reading.problems.Add(reading.owner, "`manual` and `autoscale` exclude each other",
                                 "give one of them");
          });
  return spec;
}

}  // namespace

const Spec<GroupSection>& GroupSpec() {
  static const auto spec =
      Spec<GroupSection>("Runs and clients on any machine that spend one limit together.")
          .Field(&GroupSection::name, "name", "The group's name; its members give the same.",
                 Text())
          .Required()
          .Example("loaders")
          .Field(&GroupSection::connection, "connection",
                 "The connection whose account keeps the control container; left out: the "
                 "destination's.",
                 Text())
          .Field(&GroupSection::database, "database", "The database; left out: the connection's.",
                 Text())
          .Field(&GroupSection::container, "container",
                 "The control container, where the members meet: made when missing, with the "
                 "partition key `/groupId` and time to live. The Spark connector and "
                 "azure-cosmos for Java can meet there too.",
                 Text());
  return spec;
}

const Spec<ThroughputSection>& ThroughputSpec() {
  static const auto spec =
      Spec<ThroughputSection>("How much of the destination's throughput the pipeline may use.")
          .Field(&ThroughputSection::limit, "limit",
                 "The most request units that are spent in any second: a share of the container's "
                 "throughput (of the maximum where it scales by itself, and as it is now), or a "
                 "number; left out: all that the container admits.",
                 TypePtr<ThroughputLimit>(std::make_shared<ThroughputLimitType>()))
          .Example("30%")
          .Field(
              &ThroughputSection::verify, "verify",
              "The most that `verify`, `repair` and `rollback` spend in any second on reading the "
              "destination; left out: as fast as it goes.",
              TypePtr<ThroughputLimit>(std::make_shared<ThroughputLimitType>()))
          .Example("10%")
          .Field(&ThroughputSection::initial_load, "initial_load",
                 "What the container is set to while a load goes on.", Nested(InitialLoadSpec()))
          .Example("{manual: 50000, indexing: light}")
          .Field(&ThroughputSection::changes, "changes",
                 "The container's throughput from the end of a load on; left out: what it was "
                 "before.",
                 Nested(ProvisionedSpec()))
          .Example("{autoscale: 4000}")
          .Field(&ThroughputSection::ask, "ask",
                 "Ask before the throughput is made to cost more; `false` agrees to it for every "
                 "run.",
                 Boolean())
          .Field(&ThroughputSection::group, "group",
                 "Who shares the limit: runs and clients on other machines too; left out: the "
                 "runs of this project on this machine that write the same container.",
                 Nested(GroupSpec()));
  return spec;
}

}  // namespace spillway
