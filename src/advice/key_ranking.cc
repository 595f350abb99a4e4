#include "advice/key_ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "advice/key_text.h"
#include "base/human.h"

namespace spillway {
namespace {

constexpr double kReachableGood = 0.8;
constexpr double kReachablePoor = 0.5;
constexpr double kGrownGood = 0.5;
constexpr double kGrownPoor = 0.25;
// Of the limit of a partition: from there on it is named.
constexpr double kRoomToGrow = 0.5;
// Of the documents: with more values a key is as good as an id.
constexpr double kAlmostUnique = 0.9;
// Of the documents: a date with fewer values gathers many rows per value.
constexpr double kManyPerMoment = 0.1;
// In the order of the table, as a share of any order: below it the order is named.
constexpr double kOrderMatters = 0.8;
// What is no nearer than this counts as equal: then use decides.
constexpr double kReachableStep = 0.2;

bool AlmostUnique(const KeyFigures& figures) {
  return figures.distinct >= kAlmostUnique * static_cast<double>(figures.documents);
}

class KeyJudge {
 public:
  KeyJudge(const Partitioning::Facts& facts, KeyAdvice* key)
      : facts_(facts), key_(*key), figures_(key->figures) {}

  void Judge() {
    key_.verdict = KeyVerdict::kGood;
    key_.reasons.clear();
    Limits();
    Spread();
    Growth();
    HotKeys();
    Moments();
    Order();
    Absent();
    Use();
  }

 private:
  void Say(KeyVerdict at_best, std::string reason) {
    key_.verdict = std::max(key_.verdict, at_best);
    key_.reasons.push_back(std::move(reason));
  }

  void Limits() {
    const auto limit = static_cast<double>(facts_.partition_bytes_max);
    if (figures_.too_long > 0) {
      Say(KeyVerdict::kUnfit,
          fmt::format("{} a longer value than the destination takes: they would "
                      "be refused",
                      figures_.too_long == 1 ? "1 document has"
                                             : HumanCount(figures_.too_long) + " documents have"));
    }
    if (figures_.largest_bytes > limit) {
      Say(KeyVerdict::kUnfit,
          fmt::format("all documents of one value are one partition, which takes {}; {} alone has "
                      "{}",
                      HumanBytes(facts_.partition_bytes_max), figures_.largest_key,
                      HumanBytes(static_cast<uint64_t>(figures_.largest_bytes))));
    } else if (figures_.largest_bytes_max > kRoomToGrow * limit) {
      Say(KeyVerdict::kFair,
          fmt::format("{} has up to {} of the {} that a partition takes: little room to grow",
                      figures_.largest_key,
                      HumanBytes(static_cast<uint64_t>(figures_.largest_bytes_max)),
                      HumanBytes(facts_.partition_bytes_max)));
    }
  }

  void Spread() {
    const auto hottest =
        std::max_element(figures_.range_shares.begin(), figures_.range_shares.end());
    if (facts_.ranges == 1)
      return Say(KeyVerdict::kGood, "there is one range: any key reaches it all");
    const KeyVerdict at_best = figures_.reachable < kReachablePoor   ? KeyVerdict::kPoor
                               : figures_.reachable < kReachableGood ? KeyVerdict::kFair
                                                                     : KeyVerdict::kGood;
    Say(at_best,
        fmt::format("the hottest of {} ranges gets {} of the load, where {} is even: {} of "
                    "the throughput is reachable",
                    facts_.ranges, HumanShare(*hottest), HumanShare(1.0 / facts_.ranges),
                    HumanShare(figures_.reachable)));
    if (figures_.distinct < facts_.ranges) {
      Say(KeyVerdict::kPoor, fmt::format("it has {}, fewer than there are ranges: some stay empty",
                                         HumanPlural(Distinct(), "value")));
    }
  }

  void Growth() {
    if (facts_.growth <= 1) return;
    const KeyVerdict at_best = figures_.reachable_grown < kGrownPoor   ? KeyVerdict::kPoor
                               : figures_.reachable_grown < kGrownGood ? KeyVerdict::kFair
                                                                       : KeyVerdict::kGood;
    if (at_best == KeyVerdict::kGood) return;
    Say(at_best,
        fmt::format("with {} ranges, after growing, {} would be reachable: more throughput "
                    "does not help a hot value",
                    facts_.ranges * facts_.growth, HumanShare(figures_.reachable_grown)));
  }

  void HotKeys() {
    if (figures_.hot_keys.empty() || figures_.distinct < 1.5) return;
    std::string names;
    for (const HotKey& hot : figures_.hot_keys) {
      names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", hot.key, HumanShare(hot.share));
    }
    key_.reasons.push_back(
        fmt::format("hot {}: {}", figures_.hot_keys.size() == 1 ? "value" : "values", names));
  }

  void Moments() {
    const auto documents = static_cast<double>(figures_.documents);
    if (!key_.moment || figures_.distinct > kManyPerMoment * documents) return;
    Say(KeyVerdict::kFair,
        "a date: where new rows carry the newest, all of their writes go to one range");
  }

  void Order() {
    if (facts_.ranges == 1) return;
    if (figures_.reachable_in_order >= kOrderMatters * figures_.reachable) return;
    key_.reasons.push_back(fmt::format(
        "rows of one range stand together in the table: read from its beginning to its end, a load "
        "reaches {}; several readers mix them",
        HumanShare(figures_.reachable_in_order)));
  }

  void Absent() {
    const auto documents = static_cast<double>(std::max<uint64_t>(figures_.documents, 1));
    const auto say = [&](uint64_t count, const char* what) {
      if (count == 0) return;
      key_.reasons.push_back(fmt::format("{} in {} of the documents ({})", what,
                                         HumanShare(static_cast<double>(count) / documents),
                                         HumanCount(count)));
    };
    say(figures_.with_null, "null");
    say(figures_.with_missing, "absent");
  }

  void Use() {
    if (figures_.distinct < 1.5 && figures_.documents > 1) {
      return Say(KeyVerdict::kPoor, "every document has the same value: one partition for all");
    }
    if (key_.key.joined) {
      key_.reasons.push_back(fmt::format(
          "needs a column in the table that joins the values with \"{}\"; a query has to name both",
          kJoinSeparator));
    } else if (key_.key.paths.size() > 1) {
      key_.reasons.push_back(fmt::format(
          "spreads as {} does until a range outgrows itself; a query that names {} asks its "
          "range alone, and the size limit is for all levels together",
          key_.key.paths[0], key_.key.paths[0]));
    } else if (AlmostUnique(figures_)) {
      key_.reasons.push_back(
          "almost every document has a value of its own: nothing spreads better; a query that does "
          "not name it asks every range");
    } else {
      key_.reasons.push_back(
          "keeps documents of one value together: a query that names it asks one range");
    }
  }

  uint64_t Distinct() const { return static_cast<uint64_t>(std::llround(figures_.distinct)); }

  const Partitioning::Facts& facts_;
  KeyAdvice& key_;
  const KeyFigures& figures_;
};

int Shape(const KeyCandidate& key) {
  return key.joined ? 2 : key.paths.size() > 1 ? 1 : 0;
}

// All that is good is one step.
double Step(double reachable) {
  return std::min(std::floor(reachable / kReachableStep), kReachableGood / kReachableStep);
}

bool Before(const KeyAdvice& a, const KeyAdvice& b) {
  const auto rank = [](const KeyAdvice& advice) {
    const KeyFigures& figures = advice.figures;
    return std::tuple(advice.verdict, -Step(figures.reachable), !advice.key.configured,
                      Shape(advice.key), AlmostUnique(figures), -figures.distinct,
                      KeyText(advice.key));
  };
  return rank(a) < rank(b);
}

}  // namespace

const char* VerdictName(KeyVerdict verdict) {
  switch (verdict) {
    case KeyVerdict::kGood:
      return "good";
    case KeyVerdict::kFair:
      return "fair";
    case KeyVerdict::kPoor:
      return "poor";
    case KeyVerdict::kUnfit:
      return "unfit";
  }
  return "";
}

void RankKeys(const Partitioning::Facts& facts, std::vector<KeyAdvice>* keys) {
  for (KeyAdvice& key : *keys) KeyJudge(facts, &key).Judge();
  std::sort(keys->begin(), keys->end(), Before);
}

}  // namespace spillway
