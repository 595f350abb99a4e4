// ChooseKeys: which keys are worth a count over the whole table, judged by a sample of its rows:
// the fields by themselves, pairs of them, and hierarchical keys of up to three levels.
#ifndef SPILLWAY_ADVICE_KEY_CHOICE_H_
#define SPILLWAY_ADVICE_KEY_CHOICE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advice/key_fields.h"

namespace spillway {

inline constexpr uint32_t kSampleFieldsMax = 64;
inline constexpr uint32_t kSampleRowsMax = 32'768;
inline constexpr uint32_t kSingleKeysMax = 24;
inline constexpr uint32_t kPairedFieldsMax = 6;  // of which pairs are made
inline constexpr uint32_t kHierarchicalKeysMax = 8;
inline constexpr uint32_t kThreeLevelKeysMax = 2;
inline constexpr uint32_t kJoinedKeysMax = 6;
inline constexpr uint32_t kNameBytesMeanMax = 128;  // longer ones are texts

// A key to be counted: one field, several levels, or several fields joined into one string.
struct KeyCandidate {
  std::vector<std::string> paths;
  bool joined = false;
  bool configured = false;  // the pipeline's own
  bool asked = false;       // named by the user

  bool SameKey(const KeyCandidate& other) const {
    return paths == other.paths && joined == other.joined;
  }
};

// "/tenant", "/tenant, /user" (levels), "/tenant + /user" (joined).
std::string KeyText(const KeyCandidate& key);

// Rows of a table, of each field only a hash.
class KeySample {
 public:
  explicit KeySample(uint32_t fields) : fields_(fields), bytes_(fields) {}

  // One part per field. Beyond kSampleRowsMax rows nothing is taken.
  void Add(std::span<const std::string_view> parts);
  uint32_t rows() const { return rows_; }
  // Different values of these fields together.
  uint32_t Distinct(std::span<const uint32_t> fields) const;
  // Of a field's values, as JSON.
  double BytesMean(uint32_t field) const;

 private:
  const uint32_t fields_;
  uint32_t rows_ = 0;
  std::vector<uint64_t> hashes_;  // row by row
  std::vector<uint64_t> bytes_;   // per field
};

struct KeyChoice {
  std::vector<KeyCandidate> keys;
  std::vector<LeftOutKey> left_out;
};

// `fields`: those of the sample, in its order. `wanted`: keys that are counted whatever the sample
// says. `levels_max`: of the destination.
KeyChoice ChooseKeys(std::span<const KeyField> fields, const KeySample& sample,
                     std::vector<KeyCandidate> wanted, uint32_t levels_max);

}  // namespace spillway

#endif  // SPILLWAY_ADVICE_KEY_CHOICE_H_
