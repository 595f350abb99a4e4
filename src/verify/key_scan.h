// TakeKnownKeys: which of some keys the table has: reads the columns of the key alone.
#ifndef SPILLWAY_VERIFY_KEY_SCAN_H_
#define SPILLWAY_VERIFY_KEY_SCAN_H_

#include <cstdint>
#include <map>

#include "engine/load_run.h"
#include "engine/run_stop.h"

namespace spillway {

// The mapping as far as a row's key goes: the same ids and partition keys from as few columns as
// that takes.
DocumentOptions KeysAlone(const DocumentOptions& documents);

// Takes out of `keys` what the table has at this version: rows that no document can be made of have
// a key too.
Status TakeKnownKeys(const LoadParts& parts, const DocumentOptions& documents,
                     const VersionSelector& at, std::map<Hash128, uint64_t>& keys, RunStop& stop);

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_KEY_SCAN_H_
