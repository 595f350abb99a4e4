// KeyCounter: several candidates counted over the same documents.
#ifndef SPILLWAY_ADVICE_KEY_COUNTER_H_
#define SPILLWAY_ADVICE_KEY_COUNTER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "advice/key_choice.h"
#include "advice/key_tally.h"
#include "base/result.h"
#include "connector/partitioning.h"
#include "model/document.h"

namespace spillway {

// A candidate while it is counted.
struct CountedKey {
  KeyCandidate key;
  std::vector<uint32_t> fields;  // of the documents' key
  KeyTally tally;
};

// Not thread-safe.
class KeyCounter {
 public:
  // `paths`: what the documents' partition key is made of, one value per path. `key_bytes_max`: of
  // one value. `document_fields`: at the top of a document, for what it costs. `partitioning`
  // outlives it.
  KeyCounter(const Partitioning& partitioning, std::vector<std::string> paths,
             uint32_t key_bytes_max, double window_bytes, double document_fields);

  // REQUIRES: its paths are among those of the documents.
  Status AddKey(const KeyCandidate& key);
  // Fails as KeyTally::Add does.
  Status Add(const EncodedBatch& batch);

  const std::vector<CountedKey>& keys() const { return keys_; }

 private:
  // What is known of one field of one row.
  struct FieldValue {
    bool null = false;
    bool missing = false;
    bool too_long = false;
  };

  void LookAtFields();
  Status AddTo(CountedKey& key, uint64_t bytes, double units);
  bool TooLong(std::string_view part) const;

  const Partitioning& partitioning_;
  const std::vector<std::string> paths_;
  const uint32_t key_bytes_max_;
  const double window_bytes_;
  const double document_fields_;
  std::vector<CountedKey> keys_;
  // Of the row; kept for their memory.
  std::vector<std::string_view> parts_;
  std::vector<FieldValue> values_;
  std::vector<std::string_view> key_parts_;
  std::string text_;
};

}  // namespace spillway

#endif  // SPILLWAY_ADVICE_KEY_COUNTER_H_
