// For tests: ranges of equal width over a plain hash of the key's text.
#ifndef SPILLWAY_ADVICE_TESTING_LAYOUT_H_
#define SPILLWAY_ADVICE_TESTING_LAYOUT_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "connector/partitioning.h"

namespace spillway {

class TestingLayout final : public PartitionLayout {
 public:
  static constexpr uint32_t kPartsPerRange = 4;

  static std::shared_ptr<const TestingLayout> Make(uint32_t ranges) {
    std::vector<uint32_t> range_of_part;
    for (uint32_t part = 0; part < ranges * kPartsPerRange; ++part) {
      range_of_part.push_back(part / kPartsPerRange);
    }
    return std::make_shared<TestingLayout>(ranges, std::move(range_of_part));
  }
  TestingLayout(uint32_t ranges, std::vector<uint32_t> range_of_part)
      : PartitionLayout(ranges, std::move(range_of_part)) {}

  Result<uint32_t> FindPart(std::string_view key) const override {
    if (!key.starts_with('[')) return InvalidArgument("not a key");
    return static_cast<uint32_t>(Murmur3x64_128(key).high % range_of_part().size());
  }
};

}  // namespace spillway

#endif  // SPILLWAY_ADVICE_TESTING_LAYOUT_H_
