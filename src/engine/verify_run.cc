#include "engine/verify_run.h"

namespace spillway {

Result<VerifySummary> RunVerify(const LoadParts&, const DocumentOptions&, const VerifyOptions&,
                                const std::function<void(uint64_t documents_done)>&,
                                const CallContext&) {
  return Unsupported("verification is not part of this build yet");
}

}  // namespace spillway
