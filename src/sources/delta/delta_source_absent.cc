// Stands in for delta_source.cc in a program that is built without the bridge.
#include "sources/delta/delta_source.h"

namespace spillway {

Result<std::unique_ptr<Source>> MakeDeltaSource(DeltaOptions) {
  return Unsupported("this program was built without the Delta source")
      .WithHint("Build it with -DSPILLWAY_BRIDGE=ON (needs Rust).");
}

}  // namespace spillway
