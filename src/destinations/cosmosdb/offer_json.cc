#include "destinations/cosmosdb/offer_json.h"

#include <algorithm>
#include <array>
#include <functional>

#include "destinations/cosmosdb/cosmos_json.h"

namespace spillway::cosmosdb {
namespace {

constexpr uint32_t kManualLeast = 400;
constexpr uint32_t kManualStep = 100;
constexpr uint32_t kAutoscaleLeast = 1000;
constexpr uint32_t kAutoscaleStep = 1000;

// What a container that indexes only the system's properties leaves out of its policy.
constexpr std::array<std::string_view, 6> kLightened = {"indexingMode",     "automatic",
                                                        "includedPaths",    "excludedPaths",
                                                        "compositeIndexes", "spatialIndexes"};
constexpr std::string_view kLightPolicy =
    R"("indexingMode":"consistent","automatic":true,"includedPaths":[],)"
    R"("excludedPaths":[{"path":"/*"}])";

using Member = simdjson::dom::key_value_pair;
// Appends a member's value; false: the member is left out.
using WriteMember = std::function<bool(const Member& member, std::string* out)>;

// An object with the members that `write` leaves in, and `more` behind them ("\"a\":1").
std::string Rewritten(const simdjson::dom::object& object, const WriteMember& write,
                      std::string_view more) {
  std::string out = "{";
  for (const Member member : object) {
    std::string value;
    if (!write(member, &value)) continue;
    if (out.size() > 1) out.push_back(',');
    AppendJsonString(member.key, &out);
    out.append(":").append(value);
  }
  if (!more.empty() && out.size() > 1) out.push_back(',');
  return out.append(more).append("}");
}

bool Copy(const Member& member, std::string* out) {
  out->append(simdjson::minify(member.value));
  return true;
}

bool IsObject(const simdjson::dom::element& element, simdjson::dom::object* object) {
  return element.get(*object) == simdjson::SUCCESS;
}

Status NoOffer() {
  return DataLoss("the offer is not one: it has no content");
}

// The offer with its content rewritten.
Result<std::string> WithContent(std::string_view body, const WriteMember& write_content,
                                std::string_view more) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(body, "the offer"));
  simdjson::dom::object offer, content;
  if (!IsObject(json.root(), &offer) || offer["content"].get(content) != simdjson::SUCCESS) {
    return NoOffer();
  }
  return Rewritten(offer,
                   [&](const Member& member, std::string* out) {
                     if (member.key != "content") return Copy(member, out);
                     out->append(Rewritten(content, write_content, more));
                     return true;
                   },
                   {});
}

bool IsThroughput(const Member& member) {
  return member.key == "offerThroughput" || member.key == "offerAutopilotSettings";
}

Result<OfferResource> FromElement(const simdjson::dom::element& element) {
  simdjson::dom::object content;
  if (element["content"].get(content) != simdjson::SUCCESS) return NoOffer();
  const simdjson::dom::element inside = element["content"].value_unsafe();
  OfferResource offer;
  offer.rid = StringMember(element, "_rid", StringMember(element, "id"));
  offer.body = simdjson::minify(element);
  offer.provisioned.units_per_second = static_cast<uint32_t>(IntMember(inside, "offerThroughput"));
  simdjson::dom::element autoscale;
  if (inside["offerAutopilotSettings"].get(autoscale) == simdjson::SUCCESS &&
      autoscale.is_object()) {
    offer.provisioned = {true, static_cast<uint32_t>(IntMember(autoscale, "maxThroughput"))};
  }
  offer.pending = BoolMember(inside, "isOfferReplacePending");
  for (const simdjson::dom::element bucket : ArrayMember(inside, "throughputBuckets")) {
    offer.buckets.push_back(static_cast<uint32_t>(IntMember(bucket, "id")));
  }
  return offer;
}

bool IsLight(const simdjson::dom::element& policy) {
  if (StringMember(policy, "indexingMode") == "none") return true;
  const auto excluded = ArrayMember(policy, "excludedPaths");
  return ArrayMember(policy, "includedPaths").empty() &&
         ArrayMember(policy, "compositeIndexes").empty() &&
         ArrayMember(policy, "spatialIndexes").empty() &&
         std::any_of(excluded.begin(), excluded.end(), [](const simdjson::dom::element& path) {
           return StringMember(path, "path") == "/*";
         });
}

}  // namespace

Result<OfferResource> ParseOffer(std::string_view body) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(body, "the offer"));
  return FromElement(json.root());
}

Result<std::optional<OfferResource>> ParseOfferFeed(std::string_view body) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(body, "the list of offers"));
  const auto offers = ArrayMember(json.root(), "Offers");
  if (offers.empty()) return std::optional<OfferResource>();
  ASSIGN_OR_RETURN(OfferResource offer, FromElement(offers.front()));
  return std::optional(std::move(offer));
}

Result<std::string> OfferWith(std::string_view body, const ProvisionedThroughput& wanted) {
  const std::string units = std::to_string(wanted.units_per_second);
  if (!wanted.autoscale) {
    return WithContent(
        body,
        [](const Member& member, std::string* out) {
          return !IsThroughput(member) && Copy(member, out);
        },
        "\"offerThroughput\":" + units);
  }
  // How far storage may raise the maximum stays as it is.
  return WithContent(
      body,
      [&](const Member& member, std::string* out) {
        simdjson::dom::object settings;
        if (member.key != "offerAutopilotSettings" || !IsObject(member.value, &settings)) {
          return Copy(member, out);
        }
        out->append(Rewritten(
            settings,
            [](const Member& setting, std::string* value) {
              return setting.key != "maxThroughput" && Copy(setting, value);
            },
            "\"maxThroughput\":" + units));
        return true;
      },
      {});
}

Result<std::string> OfferMigrating(std::string_view body, bool to_autoscale) {
  const char* const placeholder =
      to_autoscale ? R"("offerThroughput":-1)" : R"("offerAutopilotSettings":{"maxThroughput":-1})";
  return WithContent(
      body,
      [](const Member& member, std::string* out) {
        return !IsThroughput(member) && Copy(member, out);
      },
      placeholder);
}

uint32_t LeastUnitsAfter(const ProvisionedThroughput& highest, bool autoscale) {
  const uint32_t part = autoscale ? 10 : 100;
  const uint32_t step = autoscale ? kAutoscaleStep : kManualStep;
  const uint32_t least = autoscale ? kAutoscaleLeast : kManualLeast;
  const uint32_t units = (highest.units_per_second + part - 1) / part;
  return std::max(least, (units + step - 1) / step * step);
}

Result<IndexingState> ParseIndexing(std::string_view container) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(container, "the container"));
  simdjson::dom::object policy;
  if (json.root()["indexingPolicy"].get(policy) != simdjson::SUCCESS) {
    return DataLoss("the container resource has no index policy");
  }
  const simdjson::dom::element present = json.root()["indexingPolicy"].value_unsafe();
  IndexingState state;
  state.policy = simdjson::minify(present);
  state.is_light = IsLight(present);
  state.light_policy = Rewritten(
      policy,
      [](const Member& member, std::string* out) {
        const bool lightened =
            std::find(kLightened.begin(), kLightened.end(), member.key) != kLightened.end();
        return !lightened && Copy(member, out);
      },
      kLightPolicy);
  return state;
}

Result<std::string> ContainerWithIndexing(std::string_view container, std::string_view policy) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(container, "the container"));
  simdjson::dom::object definition;
  if (!IsObject(json.root(), &definition)) return DataLoss("the container resource is no object");
  return Rewritten(definition,
                   [&](const Member& member, std::string* out) {
                     if (member.key.starts_with('_')) return false;
                     if (member.key != "indexingPolicy") return Copy(member, out);
                     out->append(policy);
                     return true;
                   },
                   {});
}

}  // namespace spillway::cosmosdb
