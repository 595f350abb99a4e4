// Recovery: what a persistent server's account looks like in its journal, and back.
#ifndef SPILLWAY_EMULATOR_STORE_RECOVERY_H_
#define SPILLWAY_EMULATOR_STORE_RECOVERY_H_

#include <string>

#include "base/status.h"
#include "emulator/store/account.h"

namespace spillway::emulator {

// Opens the journal in `folder`, fills the empty `account` from it, and attaches it, so that from
// then on every change is recorded. Compacts the file when most of it is history.
Status OpenPersistent(const std::string& folder, Account* account);

// All definitions, offers and ranges, as the catalog record has them. REQUIRES: the account's
// mutex.
std::string CatalogJson(const Account& account);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_RECOVERY_H_
