// The functions of the C interface that share a pipeline's verification out among processes.
#include <memory>
#include <string>
#include <utility>

#include "app/embedded_verify.h"
#include "app/verify_json.h"
#include "capi/calls.h"
#include "capi/spillway.h"

using spillway::Status;
using spillway::capi::CheckOwner;
using spillway::capi::Copy;
using spillway::capi::Guarded;

struct spillway_verify {
  const pid_t process = getpid();
  std::unique_ptr<spillway::EmbeddedVerify> opened;
};

int32_t spillway_verify_open(const char* settings, spillway_verify** verify,
                             spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    auto opening = std::make_unique<spillway_verify>();
    ASSIGN_OR_RETURN(opening->opened, spillway::EmbeddedVerify::Open(settings));
    *verify = opening.release();
    return Status::Ok();
  });
}

int32_t spillway_verify_take(spillway_verify* verify, char** part, spillway_error* error) {
  *part = nullptr;
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*verify));
    const std::optional<std::string> taken = verify->opened->Take();
    if (taken.has_value()) *part = Copy(*taken);
    return Status::Ok();
  });
}

int32_t spillway_verify_put(spillway_verify* verify, const char* outcome, uint64_t bytes,
                            spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*verify));
    return verify->opened->Put({outcome, bytes});
  });
}

void spillway_verify_fail(spillway_verify* verify, const char* why) {
  if (verify == nullptr || verify->process != getpid()) return;
  verify->opened->Fail(spillway::Unavailable(why).WithHint("nothing was changed: run it again"));
}

int32_t spillway_verify_finish(spillway_verify* verify, char** result, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*verify));
    ASSIGN_OR_RETURN(const spillway::VerifySummary summary, verify->opened->Finish());
    *result = Copy(spillway::VerifyJson(verify->opened->pipeline(), summary));
    return Status::Ok();
  });
}

void spillway_verify_stop(spillway_verify* verify) {
  if (verify != nullptr && verify->process == getpid()) verify->opened->Stop();
}

void spillway_verify_close(spillway_verify* verify) {
  if (verify == nullptr || verify->process != getpid()) return;
  delete verify;
}

int32_t spillway_verify_part(const char* settings, const char* part, char** outcome,
                             uint64_t* bytes, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    ASSIGN_OR_RETURN(const std::string done, spillway::DoVerifyPart(settings, part, {}));
    *outcome = Copy(done);
    *bytes = done.size();
    return Status::Ok();
  });
}
