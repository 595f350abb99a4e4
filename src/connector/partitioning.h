// Partitioning: what a destination knows of partition keys before one is chosen: where a key would
// lie, and what a partition may hold. For the advice which key to take; nothing is written by it.
//
// A *range* is a physical partition: it has an even share of the destination's throughput, so the
// range that gets most of a load says how fast the load can be. All documents of one key value are
// in one range.
#ifndef SPILLWAY_CONNECTOR_PARTITIONING_H_
#define SPILLWAY_CONNECTOR_PARTITIONING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "connector/capacity.h"

namespace spillway {

// What a write does to its document, as far as that decides what it costs.
enum class WriteKind : uint8_t { kInsert, kReplace, kRemove };

// The ranges of a container with a certain key. Each range is made of *parts*: the ranges that it
// would become if the container grew. Immutable and thread-safe.
class PartitionLayout {
 public:
  virtual ~PartitionLayout() = default;
  uint32_t ranges() const { return ranges_; }
  // Per part, the range that it is a part of: ascending, every range at least once.
  std::span<const uint32_t> range_of_part() const { return range_of_part_; }
  // The part that holds a key (as Document::partition_key). Pure and fast. kInvalidArgument: no
  // such key can be.
  virtual Result<uint32_t> FindPart(std::string_view partition_key) const = 0;

 protected:
  PartitionLayout(uint32_t ranges, std::vector<uint32_t> range_of_part)
      : ranges_(ranges), range_of_part_(std::move(range_of_part)) {}

 private:
  const uint32_t ranges_;
  const std::vector<uint32_t> range_of_part_;
};

// Immutable and thread-safe.
class Partitioning {
 public:
  struct Facts {
    uint32_t key_levels_max = 1;               // values that make up one key
    uint64_t partition_bytes_max = 0;          // of all documents of one key value
    uint32_t ranges = 1;                       // of the container, or of the one that would be made
    std::string ranges_basis{};                // how that number comes about, for people
    std::optional<double> units_per_second{};  // of all ranges together, when known
    std::vector<std::string> present_key{};    // of the container; empty: there is none yet
    uint32_t growth = 1;                       // parts of a range, at most
    bool is_there = false;                     // the container
    std::string units_basis{};                 // what units_per_second is, or why there is none
  };

  virtual ~Partitioning() = default;
  const Facts& facts() const { return facts_; }
  // What a write costs by the destination's model, in the unit of WriteReport::cost. `fields` are
  // the document's, at the top.
  virtual double UnitsOf(WriteKind kind, double document_bytes, double fields) const = 0;
  // Over a container with this key: the present one when it is its key, else a new one.
  // kInvalidArgument: too many levels.
  virtual Result<std::shared_ptr<const PartitionLayout>> LayoutFor(
      std::span<const std::string> paths) const = 0;
  virtual CapacityAdvice AdviseCapacity([[maybe_unused]] const CapacityQuestion& question) const {
    return {};
  }

 protected:
  explicit Partitioning(Facts facts) : facts_(std::move(facts)) {}

 private:
  const Facts facts_;
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_PARTITIONING_H_
