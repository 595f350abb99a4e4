// Unique keys: the names under which a partition remembers the values that are taken: one for each
// constraint, inside a logical partition.
#ifndef SPILLWAY_EMULATOR_STORE_UNIQUE_KEYS_H_
#define SPILLWAY_EMULATOR_STORE_UNIQUE_KEYS_H_

#include <string>
#include <string_view>
#include <vector>

#include "emulator/store/container.h"
#include "emulator/store/item.h"

namespace spillway::emulator {

std::vector<std::string> UniqueNames(const ContainerSettings& settings, std::string_view epk,
                                     const ScannedDocument& document);
// Of a stored document. Empty when the container has no unique keys.
std::vector<std::string> UniqueNamesOf(const ContainerSettings& settings, const Item& item);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_UNIQUE_KEYS_H_
