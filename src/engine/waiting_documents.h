// WaitingDocuments: what a lane has still to send, section by section: the documents of one section
// are best written together (LanePlan), and keep their order.
#ifndef SPILLWAY_ENGINE_WAITING_DOCUMENTS_H_
#define SPILLWAY_ENGINE_WAITING_DOCUMENTS_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "base/clock.h"
#include "engine/batch_in_flight.h"

namespace spillway {

// A part of a batch's `order` that belongs to one lane.
struct Slice {
  BatchInFlight* batch = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;
};

// A document of a batch, and what became of earlier attempts to write it.
struct WaitingDocument {
  BatchInFlight* batch = nullptr;
  uint32_t index = 0;
  bool after_unsure = false;
  SteadyTime failing_since = SteadyTime::max();
  const Document& document() const { return batch->document(index); }
};

// Used by one thread. Bounded by the memory budget that the documents' batches hold.
class WaitingDocuments {
 public:
  // `bounds`: where the sections begin, ascending. None: there is one section, and documents need
  // no route.
  explicit WaitingDocuments(std::vector<Hash128> bounds);

  void Add(const Slice& slice);
  // Before all others of their section, in their order. REQUIRES: they are of one section.
  void PutFirst(const std::vector<WaitingDocument>& documents);

  uint64_t size() const { return size_; }
  size_t sections() const { return sections_.size(); }
  // Whether a section has so many documents.
  bool Has(uint64_t documents) const;

  // Says which section the next documents are taken from: that which has waited longest among those
  // with `full` documents; of all, where none has so many or with `oldest_first`. REQUIRES: there
  // are documents.
  void Choose(uint64_t full, bool oldest_first);
  // Documents of the chosen section. In the order in which they are taken.
  uint64_t size_of_chosen() const { return sections_[chosen_].size; }
  bool chosen_is_empty() const { return size_of_chosen() == 0; }
  // REQUIRES: !chosen_is_empty().
  WaitingDocument Next() const;
  void TakeNext();
  // Asks for the memory of the next `documents`, which lie anywhere in their batches, and another
  // thread wrote them.
  void Prefetch(size_t documents) const;

 private:
  struct Section {
    std::deque<WaitingDocument> first;  // before the slices: to be sent again
    std::deque<Slice> slices;
    uint64_t size = 0;   // documents in both
    uint64_t since = 0;  // smaller: has waited longer
  };

  size_t SectionOf(const Document& document) const;
  void Add(Section& section, const Slice& slice);
  void Grow(Section& section, uint64_t documents);

  std::vector<Hash128> bounds_;
  std::vector<Section> sections_;
  size_t chosen_ = 0;
  uint64_t size_ = 0;
  uint64_t turn_ = 0;  // counts what `since` is taken from
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_WAITING_DOCUMENTS_H_
