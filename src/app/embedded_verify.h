// EmbeddedVerify: a pipeline's `verify` in a program that has many processes on many machines: one
// compares, the others read both sides (as EmbeddedLoad and EmbeddedPart).
#ifndef SPILLWAY_APP_EMBEDDED_VERIFY_H_
#define SPILLWAY_APP_EMBEDDED_VERIFY_H_

#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "app/embedded_load.h"
#include "app/verify_exchange.h"
#include "app/verify_pipeline.h"

namespace spillway {

// Of the settings of an EmbeddedProject "project", "path", "pipeline" and "at_a_time"; and
// "version", "differences" and "report".
class EmbeddedVerify {
 public:
  // kInvalidArgument with every problem of the project.
  static Result<std::unique_ptr<EmbeddedVerify>> Open(std::string_view settings);
  // Stops the verification first, and waits for its end.
  ~EmbeddedVerify();

  // As VerifyExchange. Any thread.
  std::optional<std::string> Take() { return exchange_.Take(stop_.get_token()); }
  Status Put(std::string_view outcome) { return exchange_.Put(outcome); }
  void Fail(Status why) { exchange_.Fail(std::move(why)); }
  void Stop();

  const std::string& pipeline() const { return settings_.pipeline->name; }

  // Blocks until the verification has ended. Errors as VerifyPipeline. Called once.
  Result<VerifySummary> Finish();

 private:
  EmbeddedVerify(EmbeddedProject settings, VerifyRequest request);

  const EmbeddedProject settings_;
  std::stop_source stop_;
  VerifyExchange exchange_;
  VerifyRequest request_;
  std::optional<Result<VerifySummary>> result_;  // the thread's, until it is joined
  std::jthread thread_;                          // last: it uses the rest
};

// Does a part; VerifyOutcomeText. `settings`: an EmbeddedProject's, with "share" and
// "memory_bytes". Errors as RunVerifyPart, and those of opening.
Result<std::string> DoVerifyPart(std::string_view settings, std::string_view part,
                                 const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_EMBEDDED_VERIFY_H_
