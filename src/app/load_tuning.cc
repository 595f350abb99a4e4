#include "app/load_tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/human.h"
#include "base/json_writer.h"
#include "json/json_tree.h"
#include "net/retry_policy.h"

namespace spillway {
namespace {

// Of one request to change something that may work when it is made again.
constexpr RetryPolicy kRetry{.wait_first = std::chrono::milliseconds(200),
                             .wait_max = std::chrono::milliseconds(2'000),
                             .retry_after_max = std::chrono::milliseconds(5'000),
                             .attempts_max = 5};
// Setting back, when a load has ended.
constexpr std::chrono::seconds kLeaveMax{30};
// A pending change that takes seconds is waited for; one that takes hours is not.
constexpr std::chrono::seconds kPendingWaitMax{3};
constexpr std::chrono::milliseconds kPendingLookEvery{500};
constexpr std::chrono::seconds kPollEvery{2};
constexpr std::chrono::seconds kPollMax{5};

constexpr double kAutoscalePriceFactor = 1.5;

double PriceOf(const ProvisionedThroughput& provisioned) {
  return provisioned.units_per_second * (provisioned.autoscale ? kAutoscalePriceFactor : 1);
}

void WriteProvisioned(std::string_view name, const ProvisionedThroughput& provisioned,
                      JsonWriter& json) {
  json.Key(name).BeginObject().Field("autoscale", provisioned.autoscale);
  json.Field("units_per_second", provisioned.units_per_second).EndObject();
}

std::string TextOfRecord(const TuningRecord& record) {
  JsonWriter json;
  json.BeginObject().Field("target", record.target);
  if (record.provisioned) {
    json.Key("provisioned").BeginObject();
    WriteProvisioned("before", record.provisioned->before, json);
    WriteProvisioned("during", record.provisioned->during, json);
    WriteProvisioned("after", record.provisioned->after, json);
    json.EndObject();
  }
  if (record.index_policy_before) json.Field("index_policy_before", *record.index_policy_before);
  json.EndObject();
  return json.text();
}

Result<ProvisionedThroughput> ReadProvisionedJson(const JsonNode& node, std::string_view name) {
  const JsonNode* inside = node.Find(name);
  const JsonNode* units = inside == nullptr ? nullptr : inside->Find("units_per_second");
  const JsonNode* autoscale = inside == nullptr ? nullptr : inside->Find("autoscale");
  if (units == nullptr || autoscale == nullptr || units->kind != JsonNode::Kind::kNumber ||
      units->number < 1 || units->number > UINT32_MAX) {
    return DataLoss(fmt::format("it has no `{}`", name));
  }
  return ProvisionedThroughput{autoscale->kind == JsonNode::Kind::kTrue,
                               static_cast<uint32_t>(units->number)};
}

Result<TuningRecord> ParseRecord(std::string_view text) {
  ASSIGN_OR_RETURN(const JsonNode json, ParseJsonTree(text));
  TuningRecord record;
  const JsonNode* const target = json.Find("target");
  if (target == nullptr) return DataLoss("it has no `target`");
  record.target = target->text;
  if (const JsonNode* provisioned = json.Find("provisioned"); provisioned != nullptr) {
    record.provisioned.emplace();
    ASSIGN_OR_RETURN(record.provisioned->before, ReadProvisionedJson(*provisioned, "before"));
    ASSIGN_OR_RETURN(record.provisioned->during, ReadProvisionedJson(*provisioned, "during"));
    ASSIGN_OR_RETURN(record.provisioned->after, ReadProvisionedJson(*provisioned, "after"));
  }
  if (const JsonNode* policy = json.Find("index_policy_before"); policy != nullptr) {
    record.index_policy_before = policy->text;
  }
  return record;
}

bool MayWorkLater(const Status& status) {
  return status.code() == StatusCode::kThrottled || status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kUnsure;
}

// The least that the service allows counts as the value itself.
ProvisionedThroughput AsLowAs(ProvisionedThroughput wanted, const ProvisionedState& state) {
  if (wanted.autoscale != state.now.autoscale) return wanted;
  wanted.units_per_second = std::max(wanted.units_per_second, state.units_min.value_or(0));
  return wanted;
}

bool Reached(const ProvisionedState& state, const ProvisionedThroughput& wanted) {
  return !state.change_pending && state.now == AsLowAs(wanted, state);
}

}  // namespace

Result<std::optional<TuningRecord>> ReadTuning(StateStore& state, std::string_view pipeline) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, state.TuningOf(pipeline));
  if (!text.has_value()) return std::optional<TuningRecord>();
  Result<TuningRecord> record = ParseRecord(*text);
  if (record.ok()) return std::optional(*std::move(record));
  return DataLoss(fmt::format("pipeline {}: what the destination was before its load cannot be"
                              " read: {}",
                              pipeline, record.status().message()))
      .WithHint("set throughput and index policy by hand, and put back a copy of the state");
}

std::string TuningRecord::DescribeBefore() const {
  std::string text;
  if (provisioned) text = "throughput " + DescribeProvisioned(provisioned->after);
  if (index_policy_before) {
    text += (text.empty() ? "index policy " : ", index policy ") + *index_policy_before;
  }
  return text;
}

bool CostsMore(const ProvisionedThroughput& before, const ProvisionedThroughput& after) {
  return PriceOf(after) > PriceOf(before);
}

std::string DescribeProvisioned(const ProvisionedThroughput& provisioned) {
  return fmt::format("{}{} RU/s", provisioned.autoscale ? "autoscale to " : "",
                     HumanCount(provisioned.units_per_second));
}

LoadTuning::LoadTuning(Tuning& tuning, StateStore& state, Clock& clock, std::string pipeline,
                       std::string target, TuningOptions options, OnStep on_step)
    : tuning_(tuning),
      state_(state),
      clock_(clock),
      pipeline_(std::move(pipeline)),
      target_(std::move(target)),
      options_(options),
      on_step_(std::move(on_step)),
      next_poll_(clock.Now()) {}

void LoadTuning::Step(std::string step) {
  report_.steps.push_back(std::move(step));
  if (on_step_) on_step_(report_.steps.back());
}

// Makes a call again that may work later, a few times.
template <typename Call>
auto LoadTuning::Repeated(const CallContext& ctx, const Call& call) -> decltype(call()) {
  std::minstd_rand random(1);
  for (uint32_t attempts = 1;; ++attempts) {
    auto result = call();
    const Status status = [&] {
      if constexpr (std::is_same_v<decltype(result), Status>) {
        return result;
      } else {
        return result.ok() ? Status::Ok() : result.status();
      }
    }();
    if (status.ok() || !MayWorkLater(status) || !kRetry.AllowsAttempt(attempts)) return result;
    const auto wait = RetryWait(kRetry, attempts, status.retry_after(), random);
    if (clock_.Now() + wait > ctx.deadline || !clock_.WaitFor(wait, ctx.stop)) return result;
  }
}

Result<ProvisionedState> LoadTuning::Set(const ProvisionedThroughput& wanted,
                                         const CallContext& ctx) {
  return Repeated(ctx, [&] { return tuning_.SetProvisioned(wanted, ctx); });
}

Status LoadTuning::Store() {
  std::optional<std::string> text;
  if (!record_.empty()) text = TextOfRecord(record_);
  return state_.SetTuning(pipeline_, text).WithContext("storing what the destination was before");
}

// What a run that was killed has set is what this one wants, too.
bool LoadTuning::Fits(const TuningRecord& record) const {
  if (record.index_policy_before.has_value() && !options_.light_indexing) return false;
  if (!record.provisioned) return !options_.initial_load && !options_.changes;
  const TuningRecord::Provisioned& set = *record.provisioned;
  return set.during == options_.initial_load.value_or(set.before) &&
         set.after == options_.changes.value_or(set.before);
}

Status LoadTuning::CheckAllowed(const TuningRecord::Provisioned& provisioned) const {
  const bool costs_more = CostsMore(provisioned.before, provisioned.during) ||
                          CostsMore(provisioned.before, provisioned.after);
  if (options_.allowed || !costs_more) return Status::Ok();
  return InvalidArgument(fmt::format("pipeline {}: the throughput would go from {} to {}, which"
                                     " costs more, and nobody has agreed to it",
                                     pipeline_, DescribeProvisioned(provisioned.before),
                                     DescribeProvisioned(provisioned.during)))
      .WithHint(fmt::format("spillway sync {} --yes, or throughput: {{ask: false}}", pipeline_));
}

Result<TuningRecord> LoadTuning::Plan(const CallContext& ctx) {
  TuningRecord record{.target = target_};
  if (options_.initial_load || options_.changes) {
    ASSIGN_OR_RETURN(const ProvisionedState state,
                     Repeated(ctx, [&] { return tuning_.ReadProvisioned(ctx); }));
    if (state.change_pending) {
      Step(fmt::format("a change of the throughput is pending already: the load goes on with {}",
                       DescribeProvisioned(state.now)));
    } else {
      const TuningRecord::Provisioned set{.before = state.now,
                                          .during = options_.initial_load.value_or(state.now),
                                          .after = options_.changes.value_or(state.now)};
      RETURN_IF_ERROR(CheckAllowed(set));
      if (set.during != set.before || set.after != set.before) record.provisioned = set;
    }
  }
  if (options_.light_indexing) {
    ASSIGN_OR_RETURN(const IndexingState indexing,
                     Repeated(ctx, [&] { return tuning_.ReadIndexing(ctx); }));
    if (!indexing.is_light) record.index_policy_before = indexing.policy;
  }
  return record;
}

Status LoadTuning::Enter(const CallContext& ctx) {
  stop_ = ctx.stop;
  ASSIGN_OR_RETURN(const std::optional<TuningRecord> left, ReadTuning(state_, pipeline_));
  if (left.has_value() && left->target == target_ && Fits(*left)) {
    record_ = *left;
    return Apply(ctx);
  }
  if (left.has_value()) {
    // What cannot be set back now is set back when this load has ended; until then, hands off.
    const Status restored = Restore(ctx);
    if (!restored.ok())
      return restored.code() == StatusCode::kUnavailable ? Status::Ok() : restored;
  }
  ASSIGN_OR_RETURN(record_, Plan(ctx));
  if (record_.empty()) return Status::Ok();
  RETURN_IF_ERROR(Store());
  return Apply(ctx);
}

Status LoadTuning::Apply(const CallContext& ctx) {
  if (record_.provisioned) RETURN_IF_ERROR(Raise(ctx));
  return record_.index_policy_before ? Lighten(ctx) : Status::Ok();
}

Status LoadTuning::Raise(const CallContext& ctx) {
  const TuningRecord::Provisioned& set = *record_.provisioned;
  if (set.during == set.before) return Status::Ok();
  ASSIGN_OR_RETURN(const ProvisionedState state, Set(set.during, ctx));
  report_.provisioned = state.now;
  raise_pending_ = !Reached(state, set.during);
  next_poll_ = clock_.Now() + kPollEvery;
  if (raise_pending_) {
    Step(
        fmt::format("the change from {} to {} is pending: the service may take hours to split"
                    " partitions; the load goes on with what is admitted now",
                    DescribeProvisioned(set.before), DescribeProvisioned(set.during)));
  } else {
    Step(fmt::format("throughput for the load: {} (was {})", DescribeProvisioned(state.now),
                     DescribeProvisioned(set.before)));
  }
  return Status::Ok();
}

Status LoadTuning::Lighten(const CallContext& ctx) {
  return Repeated(ctx, [&]() -> Status {
    ASSIGN_OR_RETURN(const IndexingState indexing, tuning_.ReadIndexing(ctx));
    if (indexing.is_light) return Status::Ok();
    RETURN_IF_ERROR(tuning_.SetIndexing(indexing.light_policy, ctx));
    Step("index policy for the load: nothing but the system's own properties");
    return Status::Ok();
  });
}

void LoadTuning::Leave() {
  raise_pending_ = false;
  const CallContext ctx{.stop = {}, .deadline = clock_.Now() + kLeaveMax};
  const SteadyTime waited_enough = clock_.Now() + kPendingWaitMax;
  report_.left_over = Restore(ctx);
  while (report_.left_over.code() == StatusCode::kUnavailable && clock_.Now() < waited_enough &&
         clock_.WaitFor(kPendingLookEvery, stop_)) {
    report_.left_over = Restore(ctx);
  }
  next_poll_ = clock_.Now() + kPollEvery;
}

Status LoadTuning::Restore(const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::optional<TuningRecord> left, ReadTuning(state_, pipeline_));
  if (!left.has_value()) return Status::Ok();
  record_ = *left;
  if (record_.target != target_) {
    Step(
        fmt::format("an earlier run has set {} for a load, which is not the destination any more:"
                    " set it back by hand ({})",
                    record_.target, record_.DescribeBefore()));
    record_ = {};
    return Store();
  }
  // The state refuses this to a runner whose lease is another's by now.
  RETURN_IF_ERROR(Store());
  // The index first: it is built faster while there is more throughput.
  Status restored = record_.index_policy_before ? RestoreIndexing(ctx) : Status::Ok();
  if (restored.ok() && record_.provisioned) restored = RestoreProvisioned(ctx);
  const bool gone =
      restored.code() == StatusCode::kNotFound || restored.code() == StatusCode::kUnsupported;
  if (!gone) return restored;
  Step(fmt::format("there is nothing to set back any more: {}", restored.message()));
  record_ = {};
  return Store();
}

Status LoadTuning::RestoreIndexing(const CallContext& ctx) {
  const Status set = Repeated(ctx, [&]() -> Status {
    ASSIGN_OR_RETURN(const IndexingState indexing, tuning_.ReadIndexing(ctx));
    if (indexing.is_light) return tuning_.SetIndexing(*record_.index_policy_before, ctx);
    if (indexing.policy != *record_.index_policy_before) {
      Step("the index policy was changed by somebody else meanwhile: left as it is");
    }
    return Status::Ok();
  });
  RETURN_IF_ERROR(Status(set).WithContext("setting back the index policy"));
  record_.index_policy_before.reset();
  RETURN_IF_ERROR(Store());
  index_building_ = true;
  return ReportIndexing(ctx);
}

// What is not known of the progress is no failure: the policy is set.
Status LoadTuning::ReportIndexing(const CallContext& ctx) {
  const Result<IndexingState> indexing = tuning_.ReadIndexing(ctx);
  if (!indexing.ok()) return Status::Ok();
  report_.index_progress_percent = indexing->progress_percent;
  const uint32_t percent = indexing->progress_percent.value_or(100);
  index_building_ = percent < 100;
  Step(index_building_
           ? fmt::format("index policy set back: {} % of the index is built; until it is, queries"
                         " may miss documents",
                         percent)
           : std::string("index policy set back: the index is built"));
  return Status::Ok();
}

Status LoadTuning::RestoreProvisioned(const CallContext& ctx) {
  const TuningRecord::Provisioned set = *record_.provisioned;
  ASSIGN_OR_RETURN(ProvisionedState state,
                   Repeated(ctx, [&] { return tuning_.ReadProvisioned(ctx); }));
  const bool same_kind =
      set.before.autoscale == set.during.autoscale && set.after.autoscale == set.during.autoscale;
  const bool ours = state.change_pending || !same_kind || state.now == set.before ||
                    state.now == set.during || Reached(state, set.after);
  if (ours && !Reached(state, set.after)) {
    ASSIGN_OR_RETURN(state, Set(set.after, ctx));
  }
  report_.provisioned = state.now;
  if (ours && !Reached(state, set.after)) {
    return Unavailable(fmt::format("the throughput cannot go back to {} yet: a change is pending",
                                   DescribeProvisioned(set.after)))
        .WithHint(fmt::format("spillway throttle {} --restore, when it is done", pipeline_));
  }
  record_.provisioned.reset();
  RETURN_IF_ERROR(Store());
  if (!ours) {
    Step(fmt::format("the throughput was changed to {} by somebody else meanwhile: left as it is",
                     DescribeProvisioned(state.now)));
  } else if (state.now != set.after) {
    Step(fmt::format("throughput set back to {}: {} is less than the service allows now",
                     DescribeProvisioned(state.now), DescribeProvisioned(set.after)));
  } else {
    Step(fmt::format("throughput set back to {}", DescribeProvisioned(state.now)));
  }
  return Status::Ok();
}

void LoadTuning::Poll() {
  const bool something = raise_pending_ || index_building_ || !report_.left_over.ok();
  if (!something || clock_.Now() < next_poll_) return;
  const CallContext ctx{.stop = {}, .deadline = clock_.Now() + kPollMax};
  if (raise_pending_) {
    const Result<ProvisionedState> state = tuning_.SetProvisioned(record_.provisioned->during, ctx);
    if (state.ok()) report_.provisioned = state->now;
    raise_pending_ = !state.ok() || !Reached(*state, record_.provisioned->during);
    if (!raise_pending_) {
      Step(fmt::format("throughput for the load: {}", DescribeProvisioned(state->now)));
    }
  } else if (!report_.left_over.ok()) {
    report_.left_over = Restore(ctx);
  } else {
    [[maybe_unused]] const Status told = ReportIndexing(ctx);
  }
  next_poll_ = clock_.Now() + kPollEvery;
}

}  // namespace spillway
