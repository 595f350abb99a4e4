#include "advice/key_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/hash.h"

namespace spillway {
namespace {

// Of the rows of a sample: with more different values a field is as good as an id.
constexpr double kAlmostUnique = 0.9;
// A pair is worth a count when it has so many times the values of its parts.
constexpr uint32_t kFiner = 2;

struct Pair {
  uint32_t coarse = 0;
  uint32_t fine = 0;
  uint32_t distinct = 0;
};

class Chooser {
 public:
  Chooser(std::span<const KeyField> fields, const KeySample& sample, uint32_t levels_max)
      : fields_(fields), sample_(sample), levels_max_(levels_max) {
    for (uint32_t i = 0; i < fields.size(); ++i) distinct_.push_back(sample.Distinct({{i}}));
  }

  KeyChoice Choose(std::vector<KeyCandidate> wanted) {
    choice_.keys = std::move(wanted);
    AddSingles();
    AddWithId();
    AddPairs();
    return std::move(choice_);
  }

 private:
  bool Add(std::vector<uint32_t> fields, bool joined) {
    KeyCandidate key;
    for (const uint32_t field : fields) key.paths.push_back(fields_[field].path);
    key.joined = joined;
    const auto same = [&](const KeyCandidate& other) { return other.SameKey(key); };
    if (std::any_of(choice_.keys.begin(), choice_.keys.end(), same)) return false;
    choice_.keys.push_back(std::move(key));
    return true;
  }

  bool IsWanted(const std::string& path) const {
    const std::vector<std::string> alone = {path};
    return std::any_of(choice_.keys.begin(), choice_.keys.end(),
                       [&](const KeyCandidate& key) { return key.paths == alone; });
  }

  void AddSingles() {
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].is_id) id_ = i;
      if (!fields_[i].unlikely.empty()) continue;
      if (sample_.BytesMean(i) <= kNameBytesMeanMax) {
        order.push_back(i);
      } else if (!IsWanted(fields_[i].path)) {
        choice_.left_out.push_back({fields_[i].path, "long texts, not names"});
      }
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return distinct_[a] > distinct_[b]; });
    for (size_t i = kSingleKeysMax; i < order.size(); ++i) {
      choice_.left_out.push_back(
          {fields_[order[i]].path, fmt::format("{} others have more values", kSingleKeysMax)});
    }
    if (order.size() > kSingleKeysMax) order.resize(kSingleKeysMax);
    for (const uint32_t field : order) Add({field}, false);
    for (const uint32_t field : order) {
      if (paired_.size() < kPairedFieldsMax && IsGroup(field)) paired_.push_back(field);
    }
  }

  // Has several values, each with several rows.
  bool IsGroup(uint32_t field) const {
    return distinct_[field] >= 2 && distinct_[field] < kAlmostUnique * sample_.rows();
  }

  // The id as last level: no partition can outgrow its limit.
  void AddWithId() {
    if (levels_max_ < 2 || !id_) return;
    for (const uint32_t field : paired_) {
      if (hierarchical_ == kHierarchicalKeysMax / 2) return;
      hierarchical_ += Add({field, *id_}, false) ? 1 : 0;
    }
  }

  void AddPairs() {
    std::vector<Pair> pairs;
    for (const uint32_t a : paired_) {
      for (const uint32_t b : paired_) {
        const bool ordered = distinct_[a] < distinct_[b] || (distinct_[a] == distinct_[b] && a < b);
        if (ordered) pairs.push_back({a, b, sample_.Distinct({{a, b}})});
      }
    }
    std::stable_sort(pairs.begin(), pairs.end(), [&](const Pair& a, const Pair& b) {
      return std::pair(distinct_[a.coarse], a.distinct) >
             std::pair(distinct_[b.coarse], b.distinct);
    });
    for (const Pair& pair : pairs) AddHierarchical(pair);
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Pair& a, const Pair& b) { return a.distinct > b.distinct; });
    uint32_t joined = 0;
    for (const Pair& pair : pairs) {
      if (joined == kJoinedKeysMax) return;
      if (pair.distinct < kFiner * distinct_[pair.fine]) continue;
      joined += Add({pair.coarse, pair.fine}, true) ? 1 : 0;
    }
  }

  void AddHierarchical(const Pair& pair) {
    const bool finer = pair.distinct >= kFiner * distinct_[pair.coarse];
    if (levels_max_ < 2 || hierarchical_ >= kHierarchicalKeysMax || !finer) return;
    if (!Add({pair.coarse, pair.fine}, false)) return;
    ++hierarchical_;
    if (levels_max_ < 3 || three_levels_ >= kThreeLevelKeysMax || !id_) return;
    three_levels_ += Add({pair.coarse, pair.fine, *id_}, false) ? 1 : 0;
  }

  const std::span<const KeyField> fields_;
  const KeySample& sample_;
  const uint32_t levels_max_;
  std::vector<uint32_t> distinct_;
  std::vector<uint32_t> paired_;
  std::optional<uint32_t> id_;
  uint32_t hierarchical_ = 0;
  uint32_t three_levels_ = 0;
  KeyChoice choice_;
};

}  // namespace

std::string KeyText(const KeyCandidate& key) {
  return fmt::format("{}", fmt::join(key.paths, key.joined ? " + " : ", "));
}

void KeySample::Add(std::span<const std::string_view> parts) {
  if (rows_ == kSampleRowsMax) return;
  ++rows_;
  for (size_t field = 0; field < parts.size(); ++field) {
    hashes_.push_back(Murmur3x64_128(parts[field]).high);
    bytes_[field] += parts[field].size();
  }
}

double KeySample::BytesMean(uint32_t field) const {
  return static_cast<double>(bytes_[field]) / std::max<double>(rows_, 1);
}

uint32_t KeySample::Distinct(std::span<const uint32_t> fields) const {
  std::unordered_set<uint64_t> seen;
  for (uint32_t row = 0; row < rows_; ++row) {
    uint64_t hash = 0;
    for (const uint32_t field : fields) {
      constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
      hash = (hash ^ hashes_[size_t{row} * fields_ + field]) * kOdd;
    }
    seen.insert(hash);
  }
  return static_cast<uint32_t>(seen.size());
}

KeyChoice ChooseKeys(std::span<const KeyField> fields, const KeySample& sample,
                     std::vector<KeyCandidate> wanted, uint32_t levels_max) {
  return Chooser(fields, sample, levels_max).Choose(std::move(wanted));
}

}  // namespace spillway
