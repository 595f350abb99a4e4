// The Delta source: tables on local disks, S3, ADLS, OneLake and GCS, through the Delta kernel.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_SOURCE_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_SOURCE_H_

#include <memory>

#include "base/result.h"
#include "connector/source.h"
#include "sources/delta/delta_options.h"

namespace spillway {

// Makes no request: a wrong location or storage option fails here with kInvalidArgument, everything
// that the table says fails in OpenSnapshot. kUnsupported in a program built without the bridge.
//
// The Snapshots of this source:
//  - splits are sorted by (path, deletion-vector id);
//  - with a filter, splits and the counts of info() leave out the files that it rules out;
//  - the schema's fields carry the Delta type under the metadata key "delta.type";
//  - a file that the log names outside of the table's root is refused (kUnsupported).
//
// Its changes: DeltaChangeLog (delta_change_log.h).
Result<std::unique_ptr<Source>> MakeDeltaSource(DeltaOptions options);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_SOURCE_H_
