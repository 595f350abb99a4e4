// VerifyPipeline: what `verify` does, from a configuration.
#ifndef SPILLWAY_APP_VERIFY_PIPELINE_H_
#define SPILLWAY_APP_VERIFY_PIPELINE_H_

#include <functional>
#include <optional>
#include <string>

#include "app/pipeline.h"
#include "verify/sample_run.h"

namespace spillway {

// What distinguishes one verification from the pipeline's configuration.
struct VerifyRequest {
  VersionSelector at{};  // left out: what is loaded
  uint32_t differences_max = 20;
  ThroughputLimit limit{};     // of reading the destination; left out: throughput.verify
  std::string report_path{};   // empty: no report
  VerifyCrew* crew = nullptr;  // VerifyOptions::crew
};

struct VerifyListener {
  std::function<void(uint64_t documents_done)> on_progress;
  std::function<void(const ReadEstimate&)> on_estimate;
};

// Errors as RunVerify and RunSample, and those of opening.
Result<VerifySummary> VerifyPipeline(const Project& project, const PipelineConfig& pipeline,
                                     const VerifyRequest& request, const VerifyListener& listener,
                                     const CallContext& ctx);
// The same with both ends opened before, and the state that is about that destination.
Result<VerifySummary> VerifyOpened(const Project& project, const OpenedPipeline& opened,
                                   StateStore& state, const VerifyRequest& request,
                                   const VerifyListener& listener, const CallContext& ctx);
Result<SampleSummary> SamplePipeline(const Project& project, const PipelineConfig& pipeline,
                                     const VerifyRequest& request, uint64_t rows,
                                     std::optional<uint64_t> seed, const VerifyListener& listener,
                                     const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_VERIFY_PIPELINE_H_
