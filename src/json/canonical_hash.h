// CanonicalHash: one number for what a JSON document says, whoever wrote it: keys in any order,
// numbers compared as doubles, an absent field differs from null, arrays keep their order
// (docs/contract.md, I1).
#ifndef SPILLWAY_JSON_CANONICAL_HASH_H_
#define SPILLWAY_JSON_CANONICAL_HASH_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace spillway {

// Hashes documents of one kind, one after the other: faster the more alike their keys and the order
// of those are, and the same whatever they are. Used by one thread; keeps its memory, some hundred
// KiB at most besides the longest text, between documents.
//
// All 128 bits depend on all of the document, so that two documents that differ are taken for equal
// with a chance of 2^-128; not made to withstand somebody who looks for two such documents. Equal
// documents have equal hashes in all hashers of one version of the program: not to be stored.
class CanonicalHasher {
 public:
  struct Memory;  // internal

  // Names of fields of the document itself that do not count.
  explicit CanonicalHasher(std::span<const std::string> ignored_top_level);
  CanonicalHasher(CanonicalHasher&&) noexcept;
  CanonicalHasher& operator=(CanonicalHasher&&) noexcept;
  ~CanonicalHasher();

  // kDataLoss: `json` is not one JSON object, or nested deeper than 1,024 levels.
  Result<Hash128> Hash(std::string_view json);

 private:
  std::unique_ptr<Memory> memory_;
};

// The same for a single document. Thread-safe.
Result<Hash128> CanonicalHash(std::string_view json,
                              std::span<const std::string> ignored_top_level);

// The same, by a hash that stays what it is: slower.
Result<Hash128> DurableCanonicalHash(std::string_view json,
                                     std::span<const std::string> ignored_top_level);

}  // namespace spillway

#endif  // SPILLWAY_JSON_CANONICAL_HASH_H_
