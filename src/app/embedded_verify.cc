#include "app/embedded_verify.h"

#include <utility>

#include "app/run_settings.h"
#include "app/verify_text.h"
#include "state/state_json.h"

namespace spillway {
namespace {

Result<VerifyRequest> ReadRequest(std::string_view settings) {
  ASSIGN_OR_RETURN(const JsonNode json, ParseJsonTree(settings));
  VerifyRequest request;
  if (json.Find("version") != nullptr) {
    ASSIGN_OR_RETURN(request.at.version, IntOf(json, "version"));
  }
  if (json.Find("differences") != nullptr) {
    ASSIGN_OR_RETURN(const uint64_t differences, UintOf(json, "differences"));
    request.differences_max = static_cast<uint32_t>(differences);
  }
  if (json.Find("report") != nullptr) {
    ASSIGN_OR_RETURN(request.report_path, TextOf(json, "report"));
  }
  return request;
}

}  // namespace

Result<std::unique_ptr<EmbeddedVerify>> EmbeddedVerify::Open(std::string_view settings) {
  ASSIGN_OR_RETURN(EmbeddedProject project, ParseEmbeddedProject(settings));
  ASSIGN_OR_RETURN(VerifyRequest request, ReadRequest(settings));
  return std::unique_ptr<EmbeddedVerify>(
      new EmbeddedVerify(std::move(project), std::move(request)));
}

EmbeddedVerify::EmbeddedVerify(EmbeddedProject settings, VerifyRequest request)
    : settings_(std::move(settings)),
      exchange_(SystemClock(), settings_.at_a_time),
      request_(std::move(request)) {
  request_.crew = &exchange_;
  thread_ = std::jthread([this] {
    result_ = VerifyPipeline(*settings_.project, *settings_.pipeline, request_, {},
                             {.stop = stop_.get_token()});
    exchange_.Close();
  });
}

EmbeddedVerify::~EmbeddedVerify() {
  Stop();
}

void EmbeddedVerify::Stop() {
  stop_.request_stop();
  exchange_.Close();
}

Result<VerifySummary> EmbeddedVerify::Finish() {
  if (thread_.joinable()) thread_.join();
  if (!result_.has_value()) return InvalidArgument("the verification was finished already");
  Result<VerifySummary> result = *std::move(result_);
  result_.reset();
  return result;
}

Result<std::string> DoVerifyPart(std::string_view settings, std::string_view part,
                                 const CallContext& ctx) {
  ASSIGN_OR_RETURN(const EmbeddedProject read, ParseEmbeddedProject(settings));
  ASSIGN_OR_RETURN(const ReadVerifyPart found, ParseVerifyPart(part));
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(*read.project, *read.pipeline, ctx));
  const std::vector<std::string> ignored = IgnoredFields(*opened.destination, *read.pipeline);
  ASSIGN_OR_RETURN(const VerifyOutcome outcome,
                   RunVerifyPart({.source = *opened.source,
                                  .destination = *opened.destination,
                                  .clock = SystemClock(),
                                  .documents = read.pipeline->documents,
                                  .ignored_fields = ignored},
                                 found.work, read.memory_bytes,
                                 PartOf(read.pipeline->throughput.verify, read.share), ctx));
  return VerifyOutcomeText(found.part, outcome);
}

}  // namespace spillway
