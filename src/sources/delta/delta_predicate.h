// A row filter as a predicate that the Delta bridge can skip files and row groups by. Weaker than
// the filter wherever it must be: it may let through what the filter refuses, never the reverse.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_PREDICATE_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_PREDICATE_H_

#include <map>
#include <string>
#include <vector>

#include "model/expression.h"

namespace spillway {

// Paths of simple columns (nested ones by the names on the way) to their Delta types.
using LeafTypes = std::map<std::vector<std::string>, std::string>;

// JSON as spillway_bridge.h describes it; empty when nothing of the filter can be used. Not used
// are: float and double (statistics leave NaN out), binary, comparisons of two columns, literals
// that the column's type cannot hold exactly.
std::string SkippingPredicate(const Expression& filter, const LeafTypes& types);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_PREDICATE_H_
