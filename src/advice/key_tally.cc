#include "advice/key_tally.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace spillway {
namespace {

constexpr uint32_t kNameBytesMax = 96;
// Of the load, as a share of a range's even share: from there on a key is named.
constexpr double kHotShareOfRange = 0.25;

double Hottest(const std::vector<double>& units) {
  return units.empty() ? 0 : *std::max_element(units.begin(), units.end());
}

double Reachable(double units, const std::vector<double>& per_range, double hottest) {
  return hottest <= 0 ? 0 : units / (static_cast<double>(per_range.size()) * hottest);
}

}  // namespace

KeyTally::KeyTally(std::shared_ptr<const PartitionLayout> layout, double window_bytes)
    : layout_(std::move(layout)),
      window_bytes_max_(window_bytes),
      heavy_(kHeavyKeysMax, kNameBytesMax),
      part_units_(layout_->range_of_part().size()),
      window_units_(layout_->ranges()) {}

Status KeyTally::Add(const KeyValue& key, uint64_t bytes, double units) {
  RETURN_IF_ERROR(Locate(key.text));
  ++sums_.documents;
  sums_.bytes += static_cast<double>(bytes);
  sums_.units += units;
  sums_.with_null += key.has_null ? 1 : 0;
  sums_.with_missing += key.is_missing ? 1 : 0;
  sums_.too_long += key.too_long ? 1 : 0;
  distinct_.Add(hash_.high);
  heavy_.Add(hash_, key.text, static_cast<double>(bytes), units);
  part_units_[part_] += units;
  AddToWindow(layout_->range_of_part()[part_], bytes, units);
  return Status::Ok();
}

Status KeyTally::Locate(std::string_view text) {
  if (text == text_) return Status::Ok();
  ASSIGN_OR_RETURN(part_, layout_->FindPart(text));
  hash_ = Murmur3x64_128(text);
  text_ = text;
  return Status::Ok();
}

void KeyTally::AddToWindow(uint32_t range, uint64_t bytes, double units) {
  window_units_[range] += units;
  window_bytes_ += static_cast<double>(bytes);
  if (window_bytes_ < window_bytes_max_) return;
  hottest_units_before_ += Hottest(window_units_);
  std::fill(window_units_.begin(), window_units_.end(), 0);
  window_bytes_ = 0;
}

std::vector<HotKey> KeyTally::HotKeys() const {
  const double from = kHotShareOfRange / layout_->ranges();
  std::vector<HotKey> hot;
  // By bytes; a key of many small documents may cost more than it weighs, so a few more are asked.
  for (HeavyKey& key : heavy_.Heaviest(size_t{kHotKeysMax} * 8)) {
    const double share = sums_.units <= 0 ? 0 : key.side / sums_.units;
    if (share >= from) hot.push_back({std::move(key.name), share, key.weight});
  }
  std::stable_sort(hot.begin(), hot.end(),
                   [](const HotKey& a, const HotKey& b) { return a.share > b.share; });
  if (hot.size() > kHotKeysMax) hot.resize(kHotKeysMax);
  return hot;
}

KeyFigures KeyTally::Figures() const {
  KeyFigures figures = sums_;
  figures.distinct_exact = heavy_.error() == 0;
  figures.distinct = figures.distinct_exact
                         ? static_cast<double>(heavy_.size())
                         : std::min(distinct_.Estimate(), static_cast<double>(sums_.documents));
  for (const HeavyKey& largest : heavy_.Heaviest(1)) {
    figures.largest_bytes = largest.weight;
    figures.largest_key = largest.name;
  }
  figures.largest_bytes_max = figures.largest_bytes + heavy_.error();
  std::vector<double> ranges(layout_->ranges());
  for (size_t part = 0; part < part_units_.size(); ++part) {
    ranges[layout_->range_of_part()[part]] += part_units_[part];
  }
  figures.reachable = Reachable(figures.units, ranges, Hottest(ranges));
  figures.reachable_grown = Reachable(figures.units, part_units_, Hottest(part_units_));
  figures.reachable_in_order =
      Reachable(figures.units, ranges, hottest_units_before_ + Hottest(window_units_));
  for (const double units : ranges) {
    figures.range_shares.push_back(figures.units <= 0 ? 0 : units / figures.units);
  }
  figures.hot_keys = HotKeys();
  return figures;
}

}  // namespace spillway
