#include "state/document_head.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "state/document_lease.h"
#include "state/document_store.h"
#include "state/state_json.h"

namespace spillway {
namespace {

std::string ChunkId(size_t chunk, int64_t place) {
  return fmt::format("progress:{:06}:{}", chunk, place == 0 ? 'a' : 'b');
}

Status Missing(std::string_view pipeline, std::string_view what) {
  return DataLoss(fmt::format("the state of pipeline {} is damaged: {}", pipeline, what))
      .WithHint(
          "nothing was changed. Put back a copy of the container, or import an exported state with"
          " --force; docs/state.md says how");
}

Result<TableWrite> WriteOfChunk(std::string_view pipeline, const DocumentHead& head, size_t chunk) {
  StateDocumentWriter writer(pipeline, ChunkId(chunk, head.chunks[chunk] % 2));
  std::vector<SplitProgress> progress;
  const auto first = static_cast<uint32_t>(chunk * kSplitsOfChunk);
  for (auto at = head.progress.lower_bound(first);
       at != head.progress.end() && at->first - first < kSplitsOfChunk; ++at) {
    progress.push_back(at->second);
  }
  writer.json().Field("sequence", head.sequence).Key("progress");
  WriteProgressJson(progress, writer.json());
  return writer.Finish(TableWrite::Kind::kUpsert);
}

Result<std::vector<int64_t>> ReadChunkList(const JsonNode& json) {
  ASSIGN_OR_RETURN(const JsonNode* list, MemberOf(json, "chunks"));
  std::vector<int64_t> chunks;
  for (const JsonNode& element : list->elements) {
    chunks.push_back(static_cast<int64_t>(element.number));
  }
  return chunks;
}

Result<DocumentHead> FromDocument(const StateDocument& document) {
  DocumentHead head;
  ASSIGN_OR_RETURN(head.load, IntOf(document.json, "load"));
  ASSIGN_OR_RETURN(head.sequence, IntOf(document.json, "sequence"));
  ASSIGN_OR_RETURN(head.stamp, TextOf(document.json, "stamp"));
  ASSIGN_OR_RETURN(const JsonNode* checkpoint, MemberOf(document.json, "checkpoint"));
  ASSIGN_OR_RETURN(head.checkpoint, ReadCheckpointJson(*checkpoint));
  ASSIGN_OR_RETURN(head.chunks, ReadChunkList(document.json));
  head.etag = document.etag;
  return head;
}

Status ReadChunk(StateTable& table, std::string_view pipeline, size_t chunk, DocumentHead& head) {
  const int64_t place = head.chunks[chunk] % 2;
  ASSIGN_OR_RETURN(const std::optional<StateDocument> document,
                   table.Read(pipeline, ChunkId(chunk, place)));
  if (!document.has_value()) {
    return Missing(pipeline, fmt::format("{} is missing", ChunkId(chunk, place)));
  }
  ASSIGN_OR_RETURN(const int64_t sequence, IntOf(document->json, "sequence"));
  if (sequence != head.chunks[chunk] / 2) {
    return Missing(pipeline,
                   fmt::format("{} is not the one that belongs to it", ChunkId(chunk, place)));
  }
  ASSIGN_OR_RETURN(const JsonNode* json, MemberOf(document->json, "progress"));
  ASSIGN_OR_RETURN(const std::vector<SplitProgress> progress, ReadProgressJson(*json));
  for (const SplitProgress& split : progress) head.progress[split.split] = split;
  return Status::Ok();
}

// Whatever can only be there after a head was.
Status CheckNeverBegan(StateTable& table, std::string_view pipeline) {
  ASSIGN_OR_RETURN(const std::optional<LeaseDocument> lease, ReadLeaseDocument(table, pipeline));
  if (lease.has_value() && lease->has_state) {
    return Missing(pipeline, "its head is missing, and it had one");
  }
  for (const std::string_view kind : {"progress", "rejected"}) {
    ASSIGN_OR_RETURN(const std::vector<StateDocument> left,
                     table.List(pipeline, fmt::format("{}:", kind), fmt::format("{};", kind)));
    if (!left.empty()) {
      return Missing(pipeline, fmt::format("its head is missing, and {} is there", left[0].id));
    }
  }
  return Status::Ok();
}

// All that belongs to a head; kDataLoss when something is missing, or has moved on since.
Result<std::optional<DocumentHead>> ReadBelow(StateTable& table, std::string_view pipeline,
                                              const std::optional<StateDocument>& document) {
  if (!document.has_value()) {
    RETURN_IF_ERROR(CheckNeverBegan(table, pipeline));
    return std::optional<DocumentHead>();
  }
  ASSIGN_OR_RETURN(DocumentHead head, FromDocument(*document));
  for (size_t chunk = 0; chunk < head.chunks.size(); ++chunk) {
    if (head.chunks[chunk] != 0) RETURN_IF_ERROR(ReadChunk(table, pipeline, chunk, head));
  }
  return std::optional<DocumentHead>(std::move(head));
}

}  // namespace

Result<std::optional<DocumentHead>> ReadDocumentHead(StateTable& table, std::string_view pipeline) {
  constexpr int kReadsMax = 8;
  std::optional<std::string> etag_before;
  for (int reads = 1;; ++reads) {
    ASSIGN_OR_RETURN(const std::optional<StateDocument> document, table.Read(pipeline, kStateHead));
    Result<std::optional<DocumentHead>> head = ReadBelow(table, pipeline, document);
    if (head.ok() || head.status().code() != StatusCode::kDataLoss) return head;
    // Whoever runs the pipeline may write between two reads of ours. What is damaged stays so under
    // one and the same head.
    const std::string etag = document.has_value() ? document->etag : std::string();
    if (etag_before == etag || reads == kReadsMax) return head;
    etag_before = etag;
  }
}

Result<DocumentHead> ReadRemainsOfHead(StateTable& table, std::string_view pipeline) {
  StateAttempts attempts(table.clock(), kStateCallMax);
  DocumentHead head;
  // Numbers that are not known any more are passed by a wide margin.
  constexpr int64_t kFarBehind = 1'000'000;
  head.load = kFarBehind;
  head.sequence = table.NowMillis();
  while (true) {
    const Result<std::optional<TableDocument>> found =
        table.table().Read(pipeline, kStateHead, attempts.context());
    if (found.ok()) {
      if (found->has_value()) head.etag = (*found)->etag;
      return head;
    }
    RETURN_IF_ERROR(attempts.WaitToTryAgain(found.status()));
  }
}

Result<TableWrite> WriteOfHead(std::string_view pipeline, const DocumentHead& head) {
  StateDocumentWriter writer(pipeline, std::string(kStateHead));
  writer.json().Field("load", head.load).Field("sequence", head.sequence);
  writer.json().Field("stamp", head.stamp).Key("checkpoint");
  WriteCheckpointJson(head.checkpoint, writer.json());
  writer.json().Key("chunks").BeginArray();
  for (const int64_t chunk : head.chunks) writer.json().Int(chunk);
  writer.json().EndArray();
  return writer.Finish(head.etag.empty() ? TableWrite::Kind::kCreate : TableWrite::Kind::kReplace,
                       head.etag);
}

Result<std::vector<TableWrite>> MoveProgress(std::string_view pipeline, DocumentHead& head,
                                             const std::vector<SplitProgress>& moved) {
  std::set<size_t> changed;
  for (const SplitProgress& split : moved) {
    head.progress[split.split] = split;
    changed.insert(split.split / kSplitsOfChunk);
  }
  std::vector<TableWrite> writes;
  for (const size_t chunk : changed) {
    if (chunk >= head.chunks.size()) head.chunks.resize(chunk + 1);
    const int64_t place = head.chunks[chunk] == 0 ? 0 : 1 - head.chunks[chunk] % 2;
    head.chunks[chunk] = head.sequence * 2 + place;
    ASSIGN_OR_RETURN(TableWrite write, WriteOfChunk(pipeline, head, chunk));
    writes.push_back(std::move(write));
  }
  return writes;
}

}  // namespace spillway
