// ReadEncoded: the rows of a split as documents, for whoever looks at them instead of loading them.
#ifndef SPILLWAY_ENGINE_ENCODED_SPLIT_H_
#define SPILLWAY_ENGINE_ENCODED_SPLIT_H_

#include <cstdint>
#include <functional>

#include "base/call_context.h"
#include "connector/source.h"
#include "transforms/document_encoder.h"

namespace spillway {

// Reads the split to its end, or to the first error of `use`, which gets one batch after the other.
Status ReadEncoded(const Snapshot& snapshot, const DocumentEncoder& encoder, uint32_t split,
                   Intent intent, const std::function<Status(const EncodedBatch&)>& use,
                   const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_ENCODED_SPLIT_H_
