// Container: its definition, compiled, and its physical partitions.
#ifndef SPILLWAY_EMULATOR_STORE_CONTAINER_H_
#define SPILLWAY_EMULATOR_STORE_CONTAINER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "destinations/cosmosdb/partition_hash.h"
#include "emulator/json/document_scan.h"
#include "emulator/json/value.h"
#include "emulator/store/partition.h"

namespace spillway::emulator {

// What a definition means, worked out once. Immutable.
struct ContainerSettings {
  // Fills in the service's defaults. Fails with kInvalidArgument on a definition it would refuse.
  static Result<std::shared_ptr<const ContainerSettings>> Make(Value definition);

  Value definition;  // with defaults, without system properties
  std::string id;
  bool has_partition_key = false;
  cosmosdb::HashKind hash_kind = cosmosdb::HashKind::kV2;
  std::vector<std::vector<std::string>> partition_key_paths;
  // One entry per constraint: indexes into the scanner's watched paths.
  std::vector<std::vector<size_t>> unique_keys;
  std::optional<int64_t> default_ttl_seconds;  // -1: on, without a default
  bool indexes_properties = true;
  bool keeps_versions = false;  // all-versions change feed
  std::unique_ptr<DocumentScanner> scanner;
};

class Container {
 public:
  Container(std::string rid, std::string database_self,
            std::shared_ptr<const ContainerSettings> settings, uint32_t range_count);

  const std::string& rid() const { return rid_; }    // binary
  const std::string& self() const { return self_; }  // "dbs/…/colls/…/"
  uint64_t NextSequence() { return next_sequence_.fetch_add(1) + 1; }
  void RestoreSequence(uint64_t sequence);

  // Held shared by every request for as long as it uses partitions, exclusively by what changes
  // them.
  std::shared_mutex topology;

  // All below REQUIRE `topology`, shared for reading.
  const std::shared_ptr<const ContainerSettings>& settings() const { return settings_; }
  void SetSettings(std::shared_ptr<const ContainerSettings> settings) { settings_ = settings; }
  const std::vector<std::shared_ptr<Partition>>& partitions() const { return partitions_; }
  Partition& PartitionOf(std::string_view epk) const;
  // nullptr when no living range has this id.
  Partition* FindRange(std::string_view range_id) const;
  // Changes with every split and merge.
  uint64_t topology_version() const { return topology_version_; }

  // Replaces a range by two halves (ids are new, LSNs go on behind the parent's), or two neighbours
  // by one. Fail with kInvalidArgument when there is no such range or it cannot be divided.
  Status Split(std::string_view range_id);
  Status Merge(std::string_view low_range_id, std::string_view high_range_id);

  // For recovery: the ranges as recorded; and the documents of this container into their ranges in
  // `to`.
  void RestoreTopology(std::vector<std::shared_ptr<Partition>> restored, uint64_t restored_version);
  void MoveItemsTo(Container* to);

  // After the default time to live was changed: every document expires by the new one.
  void ApplyDefaultTtl();

  // Divides the container's request units evenly; nullopt: no limit. A shared bucket replaces all.
  void SetThroughput(std::optional<double> units_per_second, double window_seconds, SteadyTime now);
  void SetShares(const Shares& shares, SteadyTime now);
  void ShareBucket(const std::shared_ptr<TokenBucket>& bucket);

  // Of the definition resource.
  uint64_t version = 0;
  uint32_t timestamp = 0;
  uint32_t next_range_number = 0;
  // When the index policy was changed last.
  std::optional<SteadyTime> indexing_changed_at;

 private:
  size_t IndexOf(std::string_view range_id) const;
  std::shared_ptr<Partition> NewPartition(std::string min, std::string max,
                                          std::vector<std::string> parents, uint64_t lsn);

  const std::string rid_;
  const std::string self_;
  std::shared_ptr<const ContainerSettings> settings_;
  std::vector<std::shared_ptr<Partition>> partitions_;  // by min
  uint64_t topology_version_ = 1;
  std::atomic<uint64_t> next_sequence_{0};
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_CONTAINER_H_
