#include "destinations/cosmosdb/query_merge.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "destinations/cosmosdb/cosmos_json.h"
#include "json/canonical_hash.h"

namespace spillway::cosmosdb {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

std::string ToText(const element& value) {
  std::ostringstream text;
  text << simdjson::minify(value);
  return text.str();
}

std::string NumberText(double number) {
  // Sums of whole numbers are printed as whole numbers.
  constexpr double kExactMax = 9007199254740992.0;
  std::ostringstream text;
  text.precision(17);
  if (number == static_cast<double>(static_cast<int64_t>(number)) && number < kExactMax &&
      number > -kExactMax) {
    text << static_cast<int64_t>(number);
  } else {
    text << number;
  }
  return text.str();
}

}  // namespace

// A value of an ORDER BY expression. The service's order of types: undefined, null, booleans,
// numbers, strings, arrays, objects.
struct QueryMerge::SortKey {
  int type = 0;
  double number = 0;
  std::string text;

  static SortKey Of(const element& item) {
    SortKey key;
    double number = 0;
    if (item.get(number) == simdjson::SUCCESS) return {3, number, {}};
    switch (item.type()) {
      case element_type::NULL_VALUE:
        return {1, 0, {}};
      case element_type::BOOL:
        return {2, bool(item) ? 1.0 : 0.0, {}};
      case element_type::STRING:
        return {4, 0, std::string(std::string_view(item))};
      case element_type::ARRAY:
        return {5, 0, ToText(item)};
      default:
        return {6, 0, ToText(item)};
    }
  }
  int Compare(const SortKey& other) const {
    if (type != other.type) return type < other.type ? -1 : 1;
    if (number != other.number) return number < other.number ? -1 : 1;
    return text.compare(other.text);
  }
};

struct QueryMerge::SortedRow {
  std::vector<SortKey> keys;
  std::string payload;
};

// One aggregate over the partial results of the partitions.
class QueryMerge::Accumulator {
 public:
  explicit Accumulator(Aggregate aggregate) : aggregate_(aggregate) {}

  // A partition's partial result: [{"item": …}], or {"item": …}; nothing in it when the partition
  // had no value to aggregate.
  Status Add(std::string_view row) {
    ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(row, "a partial aggregate"));
    element holder = json.root();
    if (holder.is_array() && holder.at(0).get(holder) != simdjson::SUCCESS) return Status::Ok();
    element item;
    if (!holder.is_object()) return DataLoss("a partial aggregate is neither array nor object");
    if (holder["item"].get(item) != simdjson::SUCCESS) return Status::Ok();
    return AddItem(item);
  }

  // nullopt: undefined, no result at all.
  std::optional<std::string> Finish() const {
    switch (aggregate_) {
      case Aggregate::kCount:
        return NumberText(sum_);
      case Aggregate::kSum:
        return has_value_ ? std::optional(NumberText(sum_)) : std::nullopt;
      case Aggregate::kMin:
      case Aggregate::kMax:
        return has_value_ ? std::optional(text_) : std::nullopt;
      case Aggregate::kAverage:
        return count_ > 0 ? std::optional(NumberText(sum_ / count_)) : std::nullopt;
    }
    return std::nullopt;
  }

 private:
  Status AddItem(const element& item) {
    if (aggregate_ == Aggregate::kMin || aggregate_ == Aggregate::kMax) {
      AddExtreme(item);
      return Status::Ok();
    }
    element summand = item;
    if (aggregate_ == Aggregate::kAverage) {
      double count = 0;
      if (!item.is_object() || item["count"].get(count) != simdjson::SUCCESS) {
        return DataLoss("a partial average has no count");
      }
      count_ += count;
      if (item["sum"].get(summand) != simdjson::SUCCESS) return Status::Ok();
    }
    double number = 0;
    if (summand.get(number) != simdjson::SUCCESS) return DataLoss("a partial sum is no number");
    sum_ += number;
    has_value_ = true;
    return Status::Ok();
  }
  // {"min": …, "count": …} is how some partitions wrap an extreme.
  void AddExtreme(const element& item) {
    element value = item;
    const char* name = aggregate_ == Aggregate::kMin ? "min" : "max";
    if (item.is_object() && item[name].get(value) != simdjson::SUCCESS) return;
    SortKey key = SortKey::Of(value);
    const int order = has_value_ ? key.Compare(extreme_) : 0;
    const bool better = aggregate_ == Aggregate::kMin ? order < 0 : order > 0;
    if (has_value_ && !better) return;
    has_value_ = true;
    extreme_ = std::move(key);
    text_ = ToText(value);
  }

  const Aggregate aggregate_;
  bool has_value_ = false;
  double sum_ = 0;
  double count_ = 0;
  SortKey extreme_;
  std::string text_;
};

QueryMerge::QueryMerge(QueryPlan plan) : plan_(std::move(plan)) {
  if (plan_.aggregate.has_value()) accumulator_ = std::make_unique<Accumulator>(*plan_.aggregate);
}

QueryMerge::~QueryMerge() = default;

Status QueryMerge::Add(std::string_view row) {
  if (accumulator_ != nullptr) return accumulator_->Add(row);
  if (!plan_.descending.empty()) return AddSorted(row);
  if (plan_.distinct) {
    ASSIGN_OR_RETURN(const Hash128 hash, CanonicalHash("{\"v\":" + std::string(row) + "}", {}));
    if (!seen_.insert(hash).second) return Status::Ok();
  }
  Emit(std::string(row));
  return Status::Ok();
}

Status QueryMerge::AddSorted(std::string_view row) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(row, "a sorted row"));
  element payload;
  const bool has_payload = json.root()["payload"].get(payload) == simdjson::SUCCESS;
  const std::vector<element> items = ArrayMember(json.root(), "orderByItems");
  if (!has_payload || items.size() != plan_.descending.size()) {
    return DataLoss("a sorted row has no payload, or not a value for each ORDER BY expression");
  }
  SortedRow sorted;
  for (const element& holder : items) {
    element item;
    const bool defined = holder["item"].get(item) == simdjson::SUCCESS;
    sorted.keys.push_back(defined ? SortKey::Of(item) : SortKey());
  }
  sorted.payload = ToText(payload);
  sorted_bytes_ += sizeof(SortedRow) + row.size();
  if (sorted_bytes_ > kMergeBytesMax) {
    return TooLarge("the sorted result is larger than " + std::to_string(kMergeBytesMax >> 20) +
                    " MiB")
        .WithHint("add TOP, LIMIT or a filter to the query");
  }
  sorted_.push_back(std::move(sorted));
  return Status::Ok();
}

void QueryMerge::Emit(std::string result) {
  if (is_full()) return;
  if (skipped_ < plan_.offset) {
    ++skipped_;
    return;
  }
  ++emitted_;
  ready_.push_back(std::move(result));
}

bool QueryMerge::is_full() const {
  const bool streams = accumulator_ == nullptr && sorted_.empty();
  return streams && plan_.limit.has_value() && emitted_ >= *plan_.limit;
}

Result<std::vector<std::string>> QueryMerge::Take(bool finished) {
  if (finished && accumulator_ != nullptr) {
    std::optional<std::string> result = accumulator_->Finish();
    if (result.has_value()) ready_.push_back(*std::move(result));
    accumulator_.reset();
  }
  if (finished && !sorted_.empty()) {
    std::stable_sort(sorted_.begin(), sorted_.end(), [&](const SortedRow& a, const SortedRow& b) {
      for (size_t i = 0; i < a.keys.size(); ++i) {
        const int order = a.keys[i].Compare(b.keys[i]);
        if (order != 0) return plan_.descending[i] ? order > 0 : order < 0;
      }
      return false;
    });
    const std::vector<SortedRow> rows = std::exchange(sorted_, {});
    for (const SortedRow& row : rows) {
      if (plan_.distinct) {
        ASSIGN_OR_RETURN(const Hash128 hash, CanonicalHash("{\"v\":" + row.payload + "}", {}));
        if (!seen_.insert(hash).second) continue;
      }
      Emit(row.payload);
    }
  }
  return std::exchange(ready_, {});
}

}  // namespace spillway::cosmosdb
