#include "generations/generation_table.h"

#include <fmt/format.h>

#include <chrono>
#include <random>
#include <utility>
#include <vector>

#include "state/state_json.h"

namespace spillway {
namespace {

constexpr std::string_view kStamp = "stamp";

std::string NewWriterName() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

bool MayHaveLanded(const Status& status) {
  return status.code() == StatusCode::kUnsure || status.code() == StatusCode::kConflict;
}

}  // namespace

GenerationTable::GenerationTable(std::unique_ptr<DocumentTable> table, std::string id, Clock& clock)
    : table_(std::move(table), clock), id_(std::move(id)), writer_(NewWriterName()) {}

Result<std::optional<TableDocument>> GenerationTable::ReadDocument(const std::string& id,
                                                                   const CallContext& ctx) {
  StateAttempts attempts(table_.clock(), kStateCallMax);
  while (true) {
    Result<std::optional<TableDocument>> found = table_.table().Read(id_, id, attempts.context());
    if (found.ok()) return found;
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(found).status().WithContext(Describe())));
  }
}

Result<SwitchStand> GenerationTable::Read(const CallContext& ctx) {
  SwitchStand stand;
  Status there = table_.table().Check(ctx);
  if (there.code() == StatusCode::kNotFound) return stand;
  RETURN_IF_ERROR(std::move(there).WithContext(Describe()));
  // The list first: a pointer that has moved on since is noticed when something is written.
  ASSIGN_OR_RETURN(const std::optional<StateDocument> list, table_.Read(id_, ListId()));
  ASSIGN_OR_RETURN(std::optional<TableDocument> pointer, ReadDocument(id_, ctx));
  if (pointer.has_value()) {
    Result<Pointer> parsed = ParsePointer(pointer->body);
    if (!parsed.ok()) return std::move(parsed).status().WithContext(Describe());
    stand.pointer = *std::move(parsed);
    stand.pointer_etag = std::move(pointer->etag);
  }
  if (list.has_value()) {
    ASSIGN_OR_RETURN(stand.list, ReadGenerationList(list->json));
    stand.list_etag = list->etag;
  } else if (stand.pointer.has_value()) {
    return DataLoss(fmt::format("{}: there is a pointer, but the document {} beside it is missing",
                                Describe(), ListId()))
        .WithHint("put back a copy of the container, or name another `sync.switch.pointer.id`");
  }
  return stand;
}

Result<std::vector<TableWrite>> GenerationTable::WritesOf(const SwitchStand& stand,
                                                          bool pointer_too,
                                                          const std::string& stamp) const {
  const auto kind = [](const std::string& etag) {
    return etag.empty() ? TableWrite::Kind::kCreate : TableWrite::Kind::kReplace;
  };
  StateDocumentWriter writer(id_, ListId());
  writer.json().Field(kStamp, stamp);
  WriteGenerationList(stand.list, writer.json());
  std::vector<TableWrite> writes;
  ASSIGN_OR_RETURN(writes.emplace_back(), writer.Finish(kind(stand.list_etag), stand.list_etag));
  if (pointer_too) {
    writes.push_back(
        {kind(stand.pointer_etag), id_, PointerDocument(id_, *stand.pointer), stand.pointer_etag});
  }
  return writes;
}

Result<bool> GenerationTable::Landed(const std::string& stamp) {
  ASSIGN_OR_RETURN(const std::optional<StateDocument> list, table_.Read(id_, ListId()));
  if (!list.has_value()) return false;
  ASSIGN_OR_RETURN(const std::string present, TextOf(list->json, kStamp));
  return present == stamp;
}

Status GenerationTable::Write(SwitchStand& stand, bool pointer_too, const CallContext& ctx) {
  const std::string stamp = fmt::format("{}-{}", writer_, ++writes_);
  ASSIGN_OR_RETURN(const std::vector<TableWrite> writes, WritesOf(stand, pointer_too, stamp));
  StateAttempts attempts(table_.clock(), kStateCallMax);
  while (true) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    const Result<std::vector<std::string>> written = table_.Write(id_, writes, attempts.context());
    if (written.ok()) {
      stand.list_etag = written->front();
      if (pointer_too) stand.pointer_etag = written->back();
      return Status::Ok();
    }
    if (MayHaveLanded(written.status())) {
      ASSIGN_OR_RETURN(const bool landed, Landed(stamp));
      if (landed) {
        ASSIGN_OR_RETURN(stand, Read(ctx));
        return Status::Ok();
      }
    }
    if (written.status().code() == StatusCode::kConflict) {
      return Unavailable(fmt::format("{}: it was changed by another program meanwhile", Describe()))
          .WithHint("run the same command again: it goes on from what is there now");
    }
    RETURN_IF_ERROR(attempts.WaitToTryAgain(Status(written.status())));
  }
}

Result<int64_t> GenerationTable::NowMillis(const CallContext& ctx) {
  StateDocumentWriter writer(id_, ClockId());
  writer.json().Field(kStamp, fmt::format("{}-{}", writer_, ++writes_));
  ASSIGN_OR_RETURN(const TableWrite write, writer.Finish(TableWrite::Kind::kUpsert));
  StateAttempts attempts(table_.clock(), kStateCallMax);
  while (true) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    Status written = table_.Write(id_, {&write, 1}, attempts.context()).status();
    if (written.ok()) break;
    RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(written)));
  }
  ASSIGN_OR_RETURN(const std::optional<StateDocument> stamped, table_.Read(id_, ClockId()));
  if (!stamped.has_value()) return DataLoss("a document was deleted while it was in use");
  const auto since_epoch = stamped->written.time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

}  // namespace spillway
