// What a load does to its destination (throughput, index policy): asked about before, told
// afterwards.
#ifndef SPILLWAY_CLI_TUNING_WORDS_H_
#define SPILLWAY_CLI_TUNING_WORDS_H_

#include "app/sync_pipeline.h"
#include "base/json_writer.h"
#include "cli/command.h"

namespace spillway {

// Tells the warnings, and asks before the run would cost more than what is there: on a terminal
// with a question, else by refusing it (kInvalidArgument). Sets `request.allow_cost` when somebody
// has agreed. Nothing is written.
Status AskAboutTuning(const Project& project, const PipelineConfig& pipeline, SyncRequest& request,
                      CommandContext& context);

// Whatever is not set back yet, with what to do about it; the code to leave with is set.
void NoteLeftOver(const TuningReport& report, CommandContext& context);
// As members of an object: what was set, what is left.
void WriteTuning(JsonWriter& json, const TuningReport& report);
void WriteProvisioned(JsonWriter& json, std::string_view name,
                      const ProvisionedThroughput& provisioned);

}  // namespace spillway

#endif  // SPILLWAY_CLI_TUNING_WORDS_H_
