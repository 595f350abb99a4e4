// Takes away everything that a document store keeps of one pipeline, but its limit and its runs.
#ifndef SPILLWAY_STATE_DOCUMENT_FORGET_H_
#define SPILLWAY_STATE_DOCUMENT_FORGET_H_

#include <string_view>

#include "state/document_lease.h"

namespace spillway {

// As StateStore::Forget. The head goes last, together with the mark that there was one: a
// forgetting that was cut off is seen, and can be repeated.
Status ForgetDocuments(DocumentCore& core, std::string_view pipeline);

}  // namespace spillway

#endif  // SPILLWAY_STATE_DOCUMENT_FORGET_H_
