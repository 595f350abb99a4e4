// The text of a row filter as a tree.
//
//   price > 0 AND (category IN ('a', 'b') OR `list price` IS NULL) AND sold >= DATE '2024-01-31'
//
// Comparisons: = != <> < <= > >=, [NOT] IN, [NOT] BETWEEN, IS [NOT] NULL; AND, OR, NOT,
// parentheses; a boolean column by itself. Columns: letters, digits and _, or anything in `…` or
// "…"; a dot goes into a struct. Literals: numbers, 'strings' ('' is a quote), TRUE, FALSE, DATE
// '…', TIMESTAMP '…' (UTC where it has no offset). Words in any letter case.
#ifndef SPILLWAY_TRANSFORMS_FILTER_PARSER_H_
#define SPILLWAY_TRANSFORMS_FILTER_PARSER_H_

#include <string_view>

#include "base/result.h"
#include "model/expression.h"

namespace spillway {

// Fails with kInvalidArgument; the message shows the place with a caret.
Result<Expression> ParseFilter(std::string_view text);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_FILTER_PARSER_H_
