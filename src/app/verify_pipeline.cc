#include "app/verify_pipeline.h"

#include "app/run_settings.h"

namespace spillway {
namespace {

VerifyOptions OptionsFor(const Project& project, const OpenedPipeline& opened,
                         const VerifyRequest& request, const VerifyListener& listener) {
  const PipelineConfig& pipeline = *opened.config;
  VerifyOptions options;
  options.pipeline = pipeline.name;
  options.memory_bytes_max = project.memory_bytes();
  options.differences_max = request.differences_max;
  options.ignored_fields = IgnoredFields(*opened.destination, pipeline);
  options.spill_folder = project.spill_folder();
  options.at = request.at;
  options.limit = request.limit.is_set() ? request.limit : pipeline.throughput.verify;
  options.report_path = request.report_path;
  options.crew = request.crew;
  options.on_estimate = listener.on_estimate;
  return options;
}

}  // namespace

Result<VerifySummary> VerifyPipeline(const Project& project, const PipelineConfig& pipeline,
                                     const VerifyRequest& request, const VerifyListener& listener,
                                     const CallContext& ctx) {
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline, ctx));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenState(project));
  return VerifyOpened(project, opened, *state, request, listener, ctx);
}

Result<VerifySummary> VerifyOpened(const Project& project, const OpenedPipeline& opened,
                                   StateStore& state, const VerifyRequest& request,
                                   const VerifyListener& listener, const CallContext& ctx) {
  const LoadParts parts{*opened.source, *opened.destination, state, SystemClock()};
  return RunVerify(parts, opened.config->documents, OptionsFor(project, opened, request, listener),
                   listener.on_progress, ctx);
}

Result<SampleSummary> SamplePipeline(const Project& project, const PipelineConfig& pipeline,
                                     const VerifyRequest& request, uint64_t rows,
                                     std::optional<uint64_t> seed, const VerifyListener& listener,
                                     const CallContext& ctx) {
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline, ctx));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenState(project));
  SampleOptions options{OptionsFor(project, opened, request, listener)};
  options.rows = rows;
  options.seed = seed;
  const LoadParts parts{*opened.source, *opened.destination, *state, SystemClock()};
  return RunSample(parts, pipeline.documents, options, ctx);
}

}  // namespace spillway
