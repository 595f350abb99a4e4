#include "emulator/service/fault_rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace spillway::emulator {
namespace {

using Effect = FaultRule::Effect;

constexpr std::array<std::pair<std::string_view, Effect>, 7> kEffects = {
    {{"none", Effect::kNone},
     {"error", Effect::kError},
     {"reset", Effect::kReset},
     {"truncate", Effect::kTruncate},
     {"wrong_count", Effect::kWrongCount},
     {"late", Effect::kLate},
     {"pause", Effect::kPause}}};

constexpr std::array<std::string_view, 7> kWrites = {"create", "upsert", "replace", "patch",
                                                     "delete", "bulk",   "batch"};
constexpr std::array<std::string_view, 5> kMetadata = {"account", "database", "container", "ranges",
                                                       "offer"};
constexpr std::array<std::string_view, 7> kOthers = {"any",   "write", "metadata", "read",
                                                     "query", "plan",  "feed"};

template <size_t kSize>
bool Contains(const std::array<std::string_view, kSize>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool OperationMatches(std::string_view wanted, std::string_view operation) {
  if (wanted == "any" || wanted == operation) return true;
  if (wanted == "write") return Contains(kWrites, operation);
  return wanted == "metadata" && Contains(kMetadata, operation);
}

bool Matches(const FaultRule& rule, const RequestInfo& info) {
  return OperationMatches(rule.operation, info.operation) &&
         (rule.container.empty() || rule.container == info.container) &&
         (rule.range.empty() || rule.range == info.range) && info.client.starts_with(rule.client);
}

// One member of the JSON at a time; unknown members are refused, since a rule with a typing error
// would silently do nothing.
Status ReadMember(const std::string& name, const Value& value, FaultRule* rule) {
  const auto wrong = [&] {
    return InvalidArgument("fault rule: '" + name + "' cannot be " + ToJson(value));
  };
  const bool whole = value.is_number() && value.number() >= 0 && value.number() < 1e15 &&
                     std::trunc(value.number()) == value.number();
  const auto number = [&] { return static_cast<uint64_t>(value.number()); };
  const auto duration = [&] { return std::chrono::milliseconds(number()); };
  if (name == "operation" && value.is_string()) {
    rule->operation = value.string();
    const bool known = Contains(kWrites, rule->operation) || Contains(kMetadata, rule->operation) ||
                       Contains(kOthers, rule->operation);
    return known ? Status::Ok() : wrong();
  }
  if (name == "container" && value.is_string()) return rule->container = value.string(), Status();
  if (name == "range" && value.is_string()) return rule->range = value.string(), Status();
  if (name == "client" && value.is_string()) return rule->client = value.string(), Status();
  if (name == "per_operation" && value.is_bool()) {
    return rule->per_operation = value.boolean(), Status();
  }
  if (name == "probability" && value.is_number() && value.number() >= 0 && value.number() <= 1) {
    return rule->probability = value.number(), Status();
  }
  if (name == "moment" && value.is_string()) {
    if (value.string() != "before" && value.string() != "after") return wrong();
    rule->moment =
        value.string() == "after" ? FaultRule::Moment::kAfter : FaultRule::Moment::kBefore;
    return Status::Ok();
  }
  if (name == "effect" && value.is_string()) {
    for (const auto& [text, effect] : kEffects) {
      if (text == value.string()) return rule->effect = effect, Status();
    }
    return wrong();
  }
  if (!whole) return wrong();
  if (name == "skip") return rule->skip = number(), Status();
  if (name == "count") return rule->count = number(), Status();
  if (name == "delay_ms") return rule->delay = duration(), Status();
  if (name == "late_ms") return rule->late = duration(), Status();
  if (name == "retry_after_ms") return rule->retry_after = duration(), Status();
  if (name == "status") return rule->status = static_cast<int>(number()), Status();
  if (name == "substatus") return rule->substatus = static_cast<int>(number()), Status();
  if (name == "drip_bytes_per_second") {
    return rule->drip_bytes_per_second = static_cast<uint32_t>(number()), Status();
  }
  return InvalidArgument("fault rule: there is no member '" + name + "'");
}

}  // namespace

Result<FaultRule> FaultRules::Parse(const Value& json) {
  if (!json.is_object()) return InvalidArgument("a fault rule is a JSON object");
  FaultRule rule;
  if (json["effect"].is_undefined() && json["status"].is_undefined()) rule.effect = Effect::kNone;
  for (const auto& [name, value] : json.object()) {
    RETURN_IF_ERROR(ReadMember(name, value, &rule));
  }
  if (rule.effect == Effect::kError && (rule.status < 400 || rule.status > 599)) {
    return InvalidArgument("fault rule: 'status' must be from 400 to 599");
  }
  if (rule.per_operation && rule.effect != Effect::kError) {
    return InvalidArgument("fault rule: 'per_operation' goes with the effect 'error' only");
  }
  return rule;
}

Value FaultRules::ToValue(const FaultRule& rule) {
  Value json{Object{}};
  json.Set("id", rule.id);
  json.Set("operation", rule.operation);
  json.Set("container", rule.container);
  json.Set("range", rule.range);
  json.Set("client", rule.client);
  json.Set("per_operation", rule.per_operation);
  json.Set("probability", rule.probability);
  json.Set("skip", rule.skip);
  if (rule.count) json.Set("count", *rule.count);
  json.Set("moment", rule.moment == FaultRule::Moment::kAfter ? "after" : "before");
  for (const auto& [text, effect] : kEffects) {
    if (effect == rule.effect) json.Set("effect", text);
  }
  json.Set("delay_ms", static_cast<double>(rule.delay.count()));
  json.Set("late_ms", static_cast<double>(rule.late.count()));
  json.Set("status", rule.status);
  json.Set("substatus", rule.substatus);
  json.Set("hits", rule.hits);
  return json;
}

Result<uint64_t> FaultRules::Add(FaultRule rule) {
  std::lock_guard lock(mutex_);
  if (rules_.size() == kRulesMax) return InvalidArgument("there are too many fault rules");
  rule.id = next_id_++;
  rules_.push_back(std::move(rule));
  count_ = rules_.size();
  return rules_.back().id;
}

bool FaultRules::Remove(uint64_t id) {
  std::lock_guard lock(mutex_);
  const bool removed =
      std::erase_if(rules_, [&](const FaultRule& rule) { return rule.id == id; }) > 0;
  count_ = rules_.size();
  return removed;
}

void FaultRules::Clear() {
  std::lock_guard lock(mutex_);
  rules_.clear();
  count_ = 0;
}

bool FaultRules::Has(uint64_t id) const {
  std::lock_guard lock(mutex_);
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const FaultRule& rule) { return rule.id == id; });
}

std::vector<FaultRule> FaultRules::List() const {
  std::lock_guard lock(mutex_);
  return rules_;
}

void FaultRules::Seed(uint64_t seed) {
  std::lock_guard lock(mutex_);
  random_.seed(seed);
}

std::optional<FaultRule> FaultRules::Decide(const RequestInfo& info, bool per_operation) {
  if (empty()) return std::nullopt;
  std::lock_guard lock(mutex_);
  for (FaultRule& rule : rules_) {
    if (rule.per_operation != per_operation || !Matches(rule, info)) continue;
    if (rule.count && rule.hits >= *rule.count) continue;
    if (rule.skip > 0) {
      --rule.skip;
      continue;
    }
    if (rule.probability < 1 &&
        std::uniform_real_distribution<double>(0, 1)(random_) >= rule.probability) {
      continue;
    }
    ++rule.hits;
    return rule;
  }
  return std::nullopt;
}

ServiceError ErrorOf(const FaultRule& rule) {
  ServiceError error;
  error.status = rule.status;
  error.substatus = rule.substatus;
  error.message = "Injected by a fault rule.";
  error.retry_after = rule.retry_after;
  if (rule.status == 429 && !error.retry_after) error.retry_after = std::chrono::milliseconds(10);
  return error;
}

}  // namespace spillway::emulator
