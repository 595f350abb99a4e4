#include "generations/generation_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "state/state_json.h"

namespace spillway {
namespace {

std::vector<RetiredGeneration>::iterator FindRetired(GenerationList& list,
                                                     std::string_view container) {
  return std::find_if(list.retired.begin(), list.retired.end(),
                      [&](const RetiredGeneration& one) { return one.container == container; });
}

// The pointer goes to `pointer.container`; what it named before is kept.
void Point(SwitchStand& stand, Pointer pointer, std::chrono::milliseconds keep) {
  if (stand.pointer.has_value()) {
    pointer.previous = stand.pointer->container;
    pointer.previous_until_ms = pointer.switched_ms + keep.count();
    stand.list.retired.push_back({pointer.previous, pointer.previous_until_ms});
  }
  stand.pointer = std::move(pointer);
}

}  // namespace

const std::string& SwitchStand::live() const {
  static const std::string none;
  return pointer.has_value() ? pointer->container : none;
}

std::string GenerationName(std::string_view base, int64_t number) {
  return fmt::format("{}-v{}", base, number);
}

void WriteGenerationList(const GenerationList& list, JsonWriter& json) {
  json.Field("last", list.last).Field("held", uint64_t{list.held});
  json.Key("building").BeginArray();
  if (list.building.has_value()) {
    json.BeginObject().Field("container", list.building->container);
    if (list.building->verified.has_value()) json.Field("verified", *list.building->verified);
    json.EndObject();
  }
  json.EndArray().Key("retired").BeginArray();
  for (const RetiredGeneration& one : list.retired) {
    json.BeginObject().Field("container", one.container).Field("until_ms", one.until_ms);
    json.EndObject();
  }
  json.EndArray();
}

Result<GenerationList> ReadGenerationList(const JsonNode& json) {
  GenerationList list;
  ASSIGN_OR_RETURN(list.last, IntOf(json, "last"));
  ASSIGN_OR_RETURN(const uint64_t held, UintOf(json, "held"));
  list.held = held != 0;
  ASSIGN_OR_RETURN(const JsonNode* building, MemberOf(json, "building"));
  for (const JsonNode& element : building->elements) {
    BuildingGeneration& one = list.building.emplace();
    ASSIGN_OR_RETURN(one.container, TextOf(element, "container"));
    if (element.Find("verified") == nullptr) continue;
    ASSIGN_OR_RETURN(one.verified.emplace(), IntOf(element, "verified"));
  }
  ASSIGN_OR_RETURN(const JsonNode* retired, MemberOf(json, "retired"));
  for (const JsonNode& element : retired->elements) {
    RetiredGeneration& one = list.retired.emplace_back();
    ASSIGN_OR_RETURN(one.container, TextOf(element, "container"));
    ASSIGN_OR_RETURN(one.until_ms, IntOf(element, "until_ms"));
  }
  return list;
}

Status Reserve(SwitchStand& stand, std::string_view base, int64_t number) {
  if (stand.list.retired.size() >= kRetiredMax) {
    return Conflict(fmt::format("{} earlier containers are still kept", kRetiredMax))
        .WithHint("make `sync.switch.keep` shorter, or wait");
  }
  stand.list.last = number;
  stand.list.building = BuildingGeneration{GenerationName(base, number), std::nullopt};
  return Status::Ok();
}

void Flip(SwitchStand& stand, Pointer pointer, std::chrono::milliseconds keep) {
  pointer.container = stand.list.building->container;
  stand.list.building.reset();
  stand.list.held = false;
  Point(stand, std::move(pointer), keep);
}

Status FlipBack(SwitchStand& stand, Pointer pointer, std::chrono::milliseconds keep) {
  const std::string previous = stand.pointer.has_value() ? stand.pointer->previous : std::string();
  const auto kept = FindRetired(stand.list, previous);
  if (previous.empty() || kept == stand.list.retired.end() || kept->until_ms == kBeingDropped) {
    return Conflict(previous.empty() ? std::string("there is no container to go back to")
                                     : fmt::format("container {} is not there any more", previous));
  }
  stand.list.retired.erase(kept);
  stand.list.held = true;
  pointer.container = previous;
  Point(stand, std::move(pointer), keep);
  return Status::Ok();
}

void GiveUpBuilding(SwitchStand& stand) {
  stand.list.retired.push_back({stand.list.building->container, kBeingDropped});
  stand.list.building.reset();
}

std::vector<std::string> MarkDue(SwitchStand& stand, int64_t now_ms) {
  std::vector<std::string> due;
  for (RetiredGeneration& one : stand.list.retired) {
    if (one.until_ms > now_ms || one.container == stand.live()) continue;
    one.until_ms = kBeingDropped;
    due.push_back(one.container);
  }
  return due;
}

void RemoveDropped(SwitchStand& stand) {
  std::erase_if(stand.list.retired, [&](const RetiredGeneration& one) {
    return one.until_ms == kBeingDropped && one.container != stand.live();
  });
}

}  // namespace spillway
