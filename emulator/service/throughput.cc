#include "emulator/service/throughput.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "emulator/json/value.h"
#include "emulator/service/charges.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr double kManualMin = 400;
constexpr double kManualStep = 100;
constexpr double kAutoscaleMin = 1000;
constexpr double kAutoscaleStep = 1000;
constexpr double kUnitsMax = 1'000'000;
// A new partition is planned for this much, so that it can grow to 10 000 without a split.
constexpr double kManualUnitsPerRange = 6000;
constexpr double kAutoscaleUnitsPerRange = 10000;
constexpr int kRequestRateTooLarge = 3200;
constexpr int kThroughputBucketLimited = 3212;

bool SameText(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

double UnitsOf(const Offer& offer, SteadyTime now) {
  return offer.pending && now >= offer.pending_until ? offer.pending->units
                                                     : offer.throughput.units;
}

void ApplyToContainer(const Account& account, const ServerOptions& options,
                      const Database& database, Container* container) {
  std::unique_lock topology(container->topology);
  const SteadyTime now = account.clock.Now();
  const auto offer = account.OfferOf(RidText(container->rid()));
  if (options.unlimited) {
    container->SetThroughput(std::nullopt, options.throughput_window_seconds, now);
  } else if (offer != nullptr) {
    container->SetThroughput(UnitsOf(*offer, now), options.throughput_window_seconds, now);
    container->SetShares(offer->throughput.shares, now);
  } else if (database.shared_bucket != nullptr) {
    container->ShareBucket(database.shared_bucket);
  }
}

}  // namespace

Outcome<std::optional<Throughput>> RequestedThroughput(const Request& request) {
  const std::string_view manual = request.Header("x-ms-offer-throughput");
  const std::string_view autoscale = request.Header("x-ms-cosmos-offer-autopilot-settings");
  if (manual.empty() && autoscale.empty()) return std::optional<Throughput>();
  if (!manual.empty() && !autoscale.empty()) {
    return BadRequest("Manual and autoscale throughput cannot be given together.");
  }
  Throughput throughput;
  if (!manual.empty()) {
    const auto [end, error] =
        std::from_chars(manual.data(), manual.data() + manual.size(), throughput.units);
    if (error != std::errc() || end != manual.data() + manual.size()) {
      return BadRequest("The header x-ms-offer-throughput is not a number.");
    }
  } else {
    const Result<Value> settings = ParseJson(autoscale);
    if (!settings.ok() || !(*settings)["maxThroughput"].is_number()) {
      return BadRequest("The autoscale settings have no maxThroughput.");
    }
    throughput.autoscale = true;
    throughput.units = (*settings)["maxThroughput"].number();
    throughput.increment_percent = IncrementPercent(*settings);
  }
  EMULATOR_CHECK(CheckThroughput(throughput));
  return std::optional<Throughput>(throughput);
}

uint32_t IncrementPercent(const Value& autoscale_settings) {
  const Value& percent =
      autoscale_settings["autoUpgradePolicy"]["throughputPolicy"]["incrementPercent"];
  return percent.is_number() && percent.number() > 0 ? static_cast<uint32_t>(percent.number()) : 0;
}

std::optional<ServiceError> CheckThroughput(const Throughput& throughput) {
  const double min = throughput.autoscale ? kAutoscaleMin : kManualMin;
  const double step = throughput.autoscale ? kAutoscaleStep : kManualStep;
  if (throughput.units >= min && throughput.units <= kUnitsMax &&
      std::fmod(throughput.units, step) == 0) {
    return std::nullopt;
  }
  std::string wanted;
  AppendJsonNumber(throughput.units, &wanted);
  return BadRequest(std::string(throughput.autoscale ? "The autoscale maximum" : "The offer") +
                    " throughput " + wanted + " is invalid: it must be between " +
                    std::to_string(static_cast<int>(min)) + " and 1000000, in steps of " +
                    std::to_string(static_cast<int>(step)) + ".");
}

Outcome<Admission> RequestedAdmission(const Request& request) {
  Admission admission;
  const std::string_view priority = request.Header("x-ms-cosmos-priority-level");
  if (!priority.empty() && !SameText(priority, "low") && !SameText(priority, "high")) {
    return BadRequest("The priority level '" + std::string(priority) + "' is not High or Low.");
  }
  admission.low_priority = SameText(priority, "low");
  const std::string_view bucket = request.Header("x-ms-cosmos-throughput-bucket");
  if (bucket.empty()) return admission;
  const auto [end, error] =
      std::from_chars(bucket.data(), bucket.data() + bucket.size(), admission.share);
  if (error != std::errc() || end != bucket.data() + bucket.size() || admission.share < 1 ||
      admission.share > kSharesMax) {
    return BadRequest("The throughput bucket '" + std::string(bucket) + "' is not 1 to 5.");
  }
  return admission;
}

Outcome<Shares> ParseShares(const Value& buckets) {
  Shares shares{};
  const auto wrong = [] {
    return BadRequest(
        "Throughput buckets are a list of {\"id\": 1 to 5, \"maxThroughputPercentage\": 1 to "
        "100}.");
  };
  if (!buckets.is_array()) return wrong();
  for (const Value& bucket : buckets.array()) {
    const Value& id = bucket["id"];
    const Value& percent = bucket["maxThroughputPercentage"];
    if (!id.is_number() || id.number() < 1 || id.number() > kSharesMax || !percent.is_number() ||
        percent.number() < 1 || percent.number() > 100) {
      return wrong();
    }
    shares[static_cast<size_t>(id.number()) - 1] = percent.number() / 100;
  }
  return shares;
}

ServiceError RequestRateTooLarge(const Refusal& refusal) {
  ServiceError error;
  error.status = 429;
  error.substatus = refusal.by_share ? kThroughputBucketLimited : kRequestRateTooLarge;
  error.message =
      refusal.by_share
          ? "Request rate is large for its throughput bucket, so no changes were made."
          : "Request rate is large. More Request Units may be needed, so no changes were made.";
  error.retry_after = refusal.wait;
  error.charge = charges::kThrottled;
  return error;
}

uint32_t RangesFor(const Throughput& throughput) {
  const double per_range = throughput.autoscale ? kAutoscaleUnitsPerRange : kManualUnitsPerRange;
  return static_cast<uint32_t>(std::max(1.0, std::ceil(throughput.units / per_range)));
}

double MinimumUnits(const Offer& offer, const Account&) {
  if (offer.throughput.autoscale) {
    return std::max(kAutoscaleMin,
                    std::ceil(offer.units_ever_max / 10 / kAutoscaleStep) * kAutoscaleStep);
  }
  return std::max(kManualMin, std::ceil(offer.units_ever_max / 100 / kManualStep) * kManualStep);
}

void ApplyThroughput(const Account& account, const ServerOptions& options, Database* database) {
  const auto offer = account.OfferOf(RidText(database->rid));
  if (offer != nullptr && !options.unlimited) {
    const SteadyTime now = account.clock.Now();
    if (database->shared_bucket == nullptr) {
      database->shared_bucket = std::make_shared<TokenBucket>();
    }
    database->shared_bucket->SetRate(UnitsOf(*offer, now), options.throughput_window_seconds, now);
  }
  for (const auto& [id, container] : database->containers) {
    ApplyToContainer(account, options, *database, container.get());
  }
}

}  // namespace spillway::emulator
