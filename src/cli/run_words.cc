#include "cli/run_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/human.h"

namespace spillway {
namespace {

using Term = std::pair<std::string_view, uint64_t>;

// The upserted of which the destination did not tell which they are.
uint64_t InsertedOrReplaced(const IntentCounts& counts) {
  return counts.upserted - std::min(counts.upserted, counts.inserted + counts.replaced);
}

std::array<Term, 7> TermsOf(const IntentCounts& counts) {
  return {{{"upserted", counts.upserted},
           {"deleted", counts.deleted},
           {"delete found nothing", counts.delete_found_nothing},
           {"unchanged", counts.unchanged},
           {"superseded", counts.superseded},
           {"filtered", counts.filtered},
           {"rejected", counts.rejected}}};
}

// "1,000 (inserted 900, replaced 90, 10 one or the other)"
std::string UpsertedText(const IntentCounts& counts) {
  std::string parts;
  const auto add = [&](std::string part) { parts += (parts.empty() ? "" : ", ") + part; };
  if (counts.inserted > 0) add("inserted " + HumanCount(counts.inserted));
  if (counts.replaced > 0) add("replaced " + HumanCount(counts.replaced));
  if (parts.empty()) return HumanCount(counts.upserted);
  if (const uint64_t rest = InsertedOrReplaced(counts); rest > 0) {
    add(HumanCount(rest) + " one or the other");
  }
  return fmt::format("{} ({})", HumanCount(counts.upserted), parts);
}

}  // namespace

std::string FormulaOf(const IntentCounts& counts) {
  std::string terms;
  for (const auto& [name, count] : TermsOf(counts)) {
    if (count == 0) continue;
    terms += fmt::format("{}{} {}", terms.empty() ? "" : " + ", name,
                         name == "upserted" ? UpsertedText(counts) : HumanCount(count));
  }
  if (terms.empty()) terms = "upserted 0";
  return fmt::format("read {} {} {}", HumanCount(counts.read), counts.AddsUp() ? "=" : "≠", terms);
}

void WriteCounts(JsonWriter& json, const IntentCounts& counts) {
  json.Key("counts").BeginObject().Field("read", counts.read).Field("upserted", counts.upserted);
  json.Field("deleted", counts.deleted).Field("delete_found_nothing", counts.delete_found_nothing);
  json.Field("unchanged", counts.unchanged).Field("superseded", counts.superseded);
  json.Field("filtered", counts.filtered).Field("rejected", counts.rejected);
  json.Field("inserted", counts.inserted).Field("replaced", counts.replaced);
  json.Field("inserted_or_replaced", InsertedOrReplaced(counts));
  json.Field("adds_up", counts.AddsUp()).EndObject();
}

void WriteRetry(JsonWriter& json, const RetrySummary& retried) {
  json.BeginObject().Field("run", retried.run_id).Field("version", retried.version);
  json.Field("rows", retried.rows).Field("without_key", retried.without_key);
  json.Field("keys", retried.keys).Field("written", retried.written);
  json.Field("gone", retried.gone).Field("still_rejected", retried.still_rejected);
  json.Field("left", retried.left).Field("request_units", retried.cost).EndObject();
}

std::string_view RunStateName(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kSucceeded:
      return "succeeded";
    case RunState::kFailed:
      return "failed";
    case RunState::kStopped:
      return "stopped";
    case RunState::kAbandoned:
      return "abandoned";
  }
  return "unknown";
}

std::string_view LoadPhaseName(LoadPhase phase) {
  return phase == LoadPhase::kLoaded ? "loaded" : "loading";
}

std::string TimeText(int64_t utc_ms) {
  return utc_ms == 0 ? std::string() : FormatUtc(WallTime(std::chrono::milliseconds(utc_ms)));
}

std::string_view MethodName(ChangeMethod method) {
  switch (method) {
    case ChangeMethod::kFeed:
      return "feed";
    case ChangeMethod::kFiles:
      return "files";
    case ChangeMethod::kDiff:
      return "diff";
    case ChangeMethod::kIndex:
      return "index";
  }
  return "";
}

}  // namespace spillway
