#include "engine/encoded_split.h"

#include <memory>
#include <optional>

namespace spillway {

Status ReadEncoded(const Snapshot& snapshot, const DocumentEncoder& encoder, uint32_t split,
                   Intent intent, const std::function<Status(const EncodedBatch&)>& use,
                   const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader, snapshot.OpenSplit(split, 0, ctx));
  while (true) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx));
    if (!batch.has_value()) return Status::Ok();
    ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded, encoder.Encode(*batch, intent));
    RETURN_IF_ERROR(use(*encoded));
  }
}

}  // namespace spillway
