// GenerationList: what a pipeline that switches knows of the containers it has made, beside the
// pointer that readers follow: which one is being built, which ones are kept and until when. Plain
// values; what a step does to them is here, that it is durable is generation_table.h's.
#ifndef SPILLWAY_GENERATIONS_GENERATION_LIST_H_
#define SPILLWAY_GENERATIONS_GENERATION_LIST_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "base/result.h"
#include "generations/pointer.h"
#include "json/json_tree.h"

namespace spillway {

// Containers that are kept at the same time; more would be a `keep` that nobody meant.
inline constexpr size_t kRetiredMax = 32;
// RetiredGeneration::until_ms of one that nobody may go back to: it is being deleted.
inline constexpr int64_t kBeingDropped = 0;

struct BuildingGeneration {
  std::string container;
  std::optional<int64_t> verified;  // it was found equal to this version of the table
};

struct RetiredGeneration {
  std::string container;
  int64_t until_ms = 0;  // UTC, by the store's clock; kBeingDropped
};

struct GenerationList {
  int64_t last = 0;   // the highest number ever given; none is given twice
  bool held = false;  // after a way back: nothing is written until somebody decides
  std::optional<BuildingGeneration> building;
  std::vector<RetiredGeneration> retired;
};

// Where a pipeline stands: as stored, or as it is to become.
struct SwitchStand {
  std::optional<Pointer> pointer;  // nullopt: nothing was ever switched to
  GenerationList list;
  std::string pointer_etag;  // of what is stored; empty: there is none
  std::string list_etag;

  const std::string& live() const;  // the container that readers read; empty: none
};

// "products-v3".
std::string GenerationName(std::string_view base, int64_t number);

// The members of a JSON object.
void WriteGenerationList(const GenerationList& list, JsonWriter& json);
// kDataLoss: a member is missing or of another kind.
Result<GenerationList> ReadGenerationList(const JsonNode& json);

// The steps. Each changes `stand` as it is to be stored.

// `number` is given to a container that is about to be made. kConflict: too many are kept.
Status Reserve(SwitchStand& stand, std::string_view base, int64_t number);
// REQUIRES: one is being built. Readers are to read it from now on; the one before is kept.
// `pointer` says the rest: version, time, pipeline and run.
void Flip(SwitchStand& stand, Pointer pointer, std::chrono::milliseconds keep);
// Readers are to read the previous container again, and the pipeline is held. kConflict: there is
// none any more.
Status FlipBack(SwitchStand& stand, Pointer pointer, std::chrono::milliseconds keep);
// What is being built is given up. REQUIRES: one is being built.
void GiveUpBuilding(SwitchStand& stand);
// Marks what is kept for long enough as being dropped, and returns all that are so marked: never
// the one that readers read.
std::vector<std::string> MarkDue(SwitchStand& stand, int64_t now_ms);
// Of those that were marked: they are gone.
void RemoveDropped(SwitchStand& stand);

}  // namespace spillway

#endif  // SPILLWAY_GENERATIONS_GENERATION_LIST_H_
