// The functions of the C interface that share a pipeline's load out among processes.
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "app/embedded_load.h"
#include "capi/calls.h"
#include "capi/spillway.h"
#include "capi/summary_json.h"

using spillway::Status;
using spillway::capi::CheckOwner;
using spillway::capi::Copy;
using spillway::capi::ExtendPermit;
using spillway::capi::Guarded;
using spillway::capi::LendShare;

struct spillway_load {
  const pid_t process = getpid();
  std::unique_ptr<spillway::EmbeddedLoad> opened;
};

struct spillway_part {
  std::stop_source stop;
  const pid_t process = getpid();
  std::unique_ptr<spillway::EmbeddedPart> opened;
};

int32_t spillway_load_open(const char* settings, spillway_load** load, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    ASSIGN_OR_RETURN(spillway::EmbeddedProject project, spillway::ParseEmbeddedProject(settings));
    auto opening = std::make_unique<spillway_load>();
    opening->opened = std::make_unique<spillway::EmbeddedLoad>(std::move(project));
    *load = opening.release();
    return Status::Ok();
  });
}

int32_t spillway_load_take(spillway_load* load, char** part, spillway_error* error) {
  *part = nullptr;
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*load));
    const std::optional<std::string> taken = load->opened->Take();
    if (taken.has_value()) *part = Copy(*taken);
    return Status::Ok();
  });
}

int32_t spillway_load_put(spillway_load* load, const char* outcome, uint64_t bytes,
                          spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*load));
    return load->opened->Put({outcome, bytes});
  });
}

void spillway_load_fail(spillway_load* load, const char* why) {
  if (load == nullptr || load->process != getpid()) return;
  load->opened->Fail(
      spillway::Unavailable(why).WithHint("what was done is kept: run again to go on from there"));
}

int32_t spillway_load_progress(const spillway_load* load, char** progress, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*load));
    *progress = Copy(spillway::LoadProgressJson(load->opened->progress(), load->opened->limit()));
    return Status::Ok();
  });
}

int32_t spillway_load_finish(spillway_load* load, char** result, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*load));
    ASSIGN_OR_RETURN(const spillway::SyncResult synced, load->opened->Finish());
    *result = Copy(spillway::SyncJson(synced, load->opened->settle()));
    return Status::Ok();
  });
}

void spillway_load_stop(spillway_load* load) {
  if (load != nullptr && load->process == getpid()) load->opened->Stop();
}

void spillway_load_close(spillway_load* load) {
  if (load == nullptr || load->process != getpid()) return;
  delete load;
}

int32_t spillway_part_open(const char* settings, spillway_part** part, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    ASSIGN_OR_RETURN(spillway::EmbeddedProject project, spillway::ParseEmbeddedProject(settings));
    auto opening = std::make_unique<spillway_part>();
    opening->opened =
        std::make_unique<spillway::EmbeddedPart>(std::move(project), opening->stop.get_token());
    *part = opening.release();
    return Status::Ok();
  });
}

int32_t spillway_part_run(spillway_part* part, const char* text, char** outcome, uint64_t* bytes,
                          spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*part));
    ASSIGN_OR_RETURN(const std::string done, part->opened->Run(text));
    *outcome = Copy(done);
    *bytes = done.size();
    return Status::Ok();
  });
}

void spillway_part_permit(spillway_part* part, int64_t monotonic_ns, int64_t realtime_ns) {
  if (part == nullptr || part->process != getpid()) return;
  ExtendPermit(monotonic_ns, realtime_ns,
               [&](auto steady, auto wall) { part->opened->Permit(steady, wall); });
}

void spillway_part_share(spillway_part* part, double share, int64_t monotonic_ns,
                         const char* limit) {
  if (part == nullptr || part->process != getpid()) return;
  LendShare(share, monotonic_ns, limit, [&](double lent, auto until, const auto& now) {
    part->opened->LendShare(lent, until, now);
  });
}

int32_t spillway_part_progress(spillway_part* part, char** progress, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*part));
    *progress = Copy(spillway::ProgressJson(part->opened->progress()));
    return Status::Ok();
  });
}

void spillway_part_stop(spillway_part* part) {
  if (part != nullptr) part->stop.request_stop();
}

void spillway_part_close(spillway_part* part) {
  if (part == nullptr || part->process != getpid()) return;
  delete part;
}
