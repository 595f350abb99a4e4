// The schema of the state store as numbered steps. The text is that of migrations/*.sql, put into
// the program at build time; a step that has been released is never edited, a change is a new
// number.
#ifndef SPILLWAY_STATE_MIGRATIONS_H_
#define SPILLWAY_STATE_MIGRATIONS_H_

#include <span>

namespace spillway {

// In order: the first takes an empty database to schema 1.
std::span<const char* const> Migrations();

}  // namespace spillway

#endif  // SPILLWAY_STATE_MIGRATIONS_H_
