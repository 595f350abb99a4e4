// Stamp: a field of our own that says who wrote a document (`stamp: {field: …}`), added when it is
// sent: it is no part of what the document says, so nothing is compared or hashed with it.
#ifndef SPILLWAY_ENGINE_STAMP_H_
#define SPILLWAY_ENGINE_STAMP_H_

#include <memory>
#include <string>
#include <string_view>

#include "connector/destination.h"
#include "transforms/document_options.h"

namespace spillway {

struct Stamp {
  std::string field;  // top level; empty: no stamp
  std::string value;  // "products/12": the pipeline and its run
};

// What a run of a pipeline writes. Without a field configured: none.
Stamp StampOf(const DocumentOptions& documents, std::string_view pipeline, int64_t run_id);

// The run that a stamp of this pipeline names; 0: it is none of this pipeline.
int64_t RunOfStamp(std::string_view value, std::string_view pipeline);

// A writer whose documents bear the stamp; deletes do not. Without a field: `writer` itself.
std::unique_ptr<Writer> WithStamp(std::unique_ptr<Writer> writer, const Stamp& stamp);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_STAMP_H_
