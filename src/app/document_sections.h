// From the sections of a pipeline to DocumentOptions: shared by projects and embedded sessions.
#ifndef SPILLWAY_APP_DOCUMENT_SECTIONS_H_
#define SPILLWAY_APP_DOCUMENT_SECTIONS_H_

#include "app/project_spec.h"
#include "transforms/document_options.h"

namespace spillway {

// `soft_delete` is not set: it is the mode's.
DocumentOptions MakeDocuments(const SourceSection& source, const DestinationSection& destination,
                              const DocumentsSection& section);

}  // namespace spillway

#endif  // SPILLWAY_APP_DOCUMENT_SECTIONS_H_
