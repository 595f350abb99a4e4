#include "emulator/sql/aggregate.h"

#include <algorithm>
#include <set>

#include "emulator/sql/evaluate.h"

namespace spillway::emulator::sql {
namespace {

class Count : public Accumulator {
 public:
  void Add(const Value& value) override { count_ += value.is_undefined() ? 0 : 1; }
  Value Result() const override { return count_; }

 private:
  uint64_t count_ = 0;
};

class CountIf : public Accumulator {
 public:
  void Add(const Value& value) override { count_ += value.is_bool() && value.boolean() ? 1 : 0; }
  Value Result() const override { return count_; }

 private:
  uint64_t count_ = 0;
};

// SUM and AVG: absent values are skipped, others that are not numbers spoil the result.
class Sum : public Accumulator {
 public:
  explicit Sum(bool average) : average_(average) {}
  void Add(const Value& value) override {
    if (value.is_undefined()) return;
    valid_ = valid_ && value.is_number();
    if (value.is_number()) sum_ += value.number();
    ++count_;
  }
  Value Result() const override {
    if (!valid_ || (average_ && count_ == 0)) return {};
    return average_ ? sum_ / static_cast<double>(count_) : sum_;
  }

 private:
  const bool average_;
  bool valid_ = true;
  double sum_ = 0;
  uint64_t count_ = 0;
};

class Extreme : public Accumulator {
 public:
  explicit Extreme(bool greatest) : greatest_(greatest) {}
  void Add(const Value& value) override {
    if (value.is_undefined()) return;
    valid_ = valid_ && !value.is_array() && !value.is_object();
    const auto order = Compare(value, best_);
    if (best_.is_undefined() || (greatest_ ? order > 0 : order < 0)) best_ = value;
  }
  Value Result() const override { return valid_ ? best_ : Value(); }

 private:
  const bool greatest_;
  bool valid_ = true;
  Value best_;
};

class MakeList : public Accumulator {
 public:
  explicit MakeList(bool distinct) : distinct_(distinct) {}
  void Add(const Value& value) override {
    if (value.is_undefined()) return;
    if (distinct_ && !seen_.insert(CanonicalJson(value)).second) return;
    items_.push_back(value);
  }
  Value Result() const override { return items_; }

 private:
  const bool distinct_;
  Array items_;
  std::set<std::string> seen_;
};

Value Sorted(const Value& value) {
  if (value.is_array()) {
    Array items;
    for (const Value& item : value.array()) items.push_back(Sorted(item));
    return items;
  }
  if (!value.is_object()) return value;
  Object members = value.object();
  for (Member& member : members) member.second = Sorted(member.second);
  std::stable_sort(members.begin(), members.end(),
                   [](const Member& a, const Member& b) { return a.first < b.first; });
  return members;
}

}  // namespace

std::unique_ptr<Accumulator> MakeAccumulator(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kCount:
      return std::make_unique<Count>();
    case Aggregate::kCountIf:
      return std::make_unique<CountIf>();
    case Aggregate::kSum:
      return std::make_unique<Sum>(false);
    case Aggregate::kAvg:
      return std::make_unique<Sum>(true);
    case Aggregate::kMin:
      return std::make_unique<Extreme>(false);
    case Aggregate::kMax:
      return std::make_unique<Extreme>(true);
    case Aggregate::kMakeList:
      return std::make_unique<MakeList>(false);
    case Aggregate::kMakeSet:
      return std::make_unique<MakeList>(true);
  }
  return nullptr;
}

std::string CanonicalJson(const Value& value) {
  return ToJson(Sorted(value));
}

}  // namespace spillway::emulator::sql
