#include "capi/spillway.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <stop_token>
#include <utility>

#include "app/embedded_reader.h"
#include "app/embedded_session.h"
#include "base/json_writer.h"
#include "capi/calls.h"
#include "capi/summary_json.h"
#include "model/arrow_abi.h"

using spillway::Status;
using spillway::capi::CheckOwner;
using spillway::capi::Copy;
using spillway::capi::ExtendPermit;
using spillway::capi::Guarded;
using spillway::capi::LendShare;

// The stop comes first: the session's last threads look at it.
struct spillway_session {
  std::stop_source stop;
  const pid_t process = getpid();
  spillway::EmbeddedSession opened;
};

struct spillway_reader {
  std::stop_source stop;
  const pid_t process = getpid();
  std::unique_ptr<spillway::EmbeddedReader> opened;
};

namespace {

// Takes the content of a struct of the Arrow C data interface, as its rules for moving have it.
template <typename T>
spillway::ArrowOwner<T> Take(T* given) {
  spillway::ArrowOwner<T> owner;
  *owner.Receive() = *given;
  given->release = nullptr;
  return owner;
}

}  // namespace

uint32_t spillway_abi_version(void) {
  return SPILLWAY_ABI_VERSION;
}

const char* spillway_version(void) {
  return SPILLWAY_VERSION;
}

void spillway_text_free(char* text) {
  std::free(text);
}

void spillway_error_clear(spillway_error* error) {
  if (error == nullptr) return;
  std::free(error->code_name);
  std::free(error->message);
  std::free(error->hint);
  *error = {0, nullptr, nullptr, nullptr};
}

int32_t spillway_describe(const char* options, char** facts, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    ASSIGN_OR_RETURN(const spillway::EmbeddedConfig config, spillway::ParseEmbeddedConfig(options));
    ASSIGN_OR_RETURN(const spillway::DestinationFacts found,
                     spillway::DescribeDestination(config, {}));
    *facts = Copy(spillway::FactsJson(found));
    return Status::Ok();
  });
}

int32_t spillway_session_open(const char* options, struct ArrowSchema* schema,
                              spillway_session** session, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    auto owned = std::make_shared<const spillway::OwnedSchema>(Take(schema));
    ASSIGN_OR_RETURN(spillway::EmbeddedConfig config, spillway::ParseEmbeddedConfig(options));
    auto opening = std::make_unique<spillway_session>();
    const spillway::CallContext ctx{.stop = opening->stop.get_token()};
    ASSIGN_OR_RETURN(opening->opened,
                     spillway::OpenEmbeddedSession(std::move(config), std::move(owned), ctx));
    *session = opening.release();
    return Status::Ok();
  });
}

int32_t spillway_session_write(spillway_session* session, struct ArrowArray* rows,
                               spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    spillway::OwnedArray owned = Take(rows);
    RETURN_IF_ERROR(CheckOwner(*session));
    return session->opened.session->Write(std::move(owned));
  });
}

int32_t spillway_session_finish(spillway_session* session, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*session));
    return session->opened.session->Finish();
  });
}

int32_t spillway_session_summary(const spillway_session* session, char** summary,
                                 spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*session));
    *summary = Copy(spillway::SummaryJson(session->opened.session->summary()));
    return Status::Ok();
  });
}

void spillway_session_permit(spillway_session* session, int64_t monotonic_ns, int64_t realtime_ns) {
  if (session == nullptr || session->process != getpid()) return;
  ExtendPermit(monotonic_ns, realtime_ns,
               [&](auto steady, auto wall) { session->opened.session->Permit(steady, wall); });
}

void spillway_session_share(spillway_session* session, double part, int64_t monotonic_ns,
                            const char* limit) {
  if (session == nullptr || session->process != getpid()) return;
  LendShare(part, monotonic_ns, limit, [&](double share, auto until, const auto& now) {
    session->opened.session->LendShare(share, until, now);
  });
}

int32_t spillway_session_progress(spillway_session* session, char** progress,
                                  spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*session));
    *progress = Copy(spillway::ProgressJson(session->opened.session->progress()));
    return Status::Ok();
  });
}

void spillway_session_stop(spillway_session* session) {
  if (session != nullptr) session->stop.request_stop();
}

// In a process that was forked off there is nothing to end: the threads are the parent's, and so
// are the connections, which must not be closed politely in its name.
void spillway_session_close(spillway_session* session) {
  if (session == nullptr || session->process != getpid()) return;
  delete session;
}

int32_t spillway_reader_open(const char* options, struct ArrowSchema* schema,
                             spillway_reader** reader, spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    const spillway::OwnedSchema owned(Take(schema));
    ASSIGN_OR_RETURN(spillway::EmbeddedConfig config, spillway::ParseEmbeddedConfig(options));
    auto opening = std::make_unique<spillway_reader>();
    const spillway::CallContext ctx{.stop = opening->stop.get_token()};
    ASSIGN_OR_RETURN(opening->opened,
                     spillway::EmbeddedReader::Open(std::move(config), owned.get(), ctx));
    *reader = opening.release();
    return Status::Ok();
  });
}

int32_t spillway_reader_next(spillway_reader* reader, struct ArrowArray* rows,
                             spillway_error* error) {
  rows->release = nullptr;
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*reader));
    const spillway::CallContext ctx{.stop = reader->stop.get_token()};
    ASSIGN_OR_RETURN(spillway::OwnedArray next, reader->opened->Next(ctx));
    *rows = std::exchange(*next.mutable_get(), {});
    return Status::Ok();
  });
}

int32_t spillway_reader_summary(const spillway_reader* reader, char** summary,
                                spillway_error* error) {
  return Guarded(error, [&]() -> Status {
    RETURN_IF_ERROR(CheckOwner(*reader));
    *summary = Copy(spillway::ReadSummaryJson(reader->opened->summary()));
    return Status::Ok();
  });
}

void spillway_reader_stop(spillway_reader* reader) {
  if (reader != nullptr) reader->stop.request_stop();
}

void spillway_reader_close(spillway_reader* reader) {
  if (reader == nullptr || reader->process != getpid()) return;
  delete reader;
}
