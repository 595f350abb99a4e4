#include "engine/waiting_documents.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/prefetch.h"

namespace spillway {

WaitingDocuments::WaitingDocuments(std::vector<Hash128> bounds)
    : bounds_(std::move(bounds)), sections_(std::max<size_t>(bounds_.size(), 1)) {}

size_t WaitingDocuments::SectionOf(const Document& document) const {
  const auto above = std::upper_bound(bounds_.begin(), bounds_.end(), document.route);
  return above == bounds_.begin() ? 0 : static_cast<size_t>(above - bounds_.begin() - 1);
}

void WaitingDocuments::Grow(Section& section, uint64_t documents) {
  if (section.size == 0) section.since = ++turn_;
  section.size += documents;
  size_ += documents;
}

void WaitingDocuments::Add(Section& section, const Slice& slice) {
  section.slices.push_back(slice);
  Grow(section, slice.end - slice.begin);
}

// The router has put the documents of a section side by side; those of an overflow lie as they
// came.
void WaitingDocuments::Add(const Slice& slice) {
  if (sections_.size() == 1) return Add(sections_.front(), slice);
  const std::vector<uint32_t>& order = slice.batch->order();
  for (uint32_t begin = slice.begin; begin < slice.end;) {
    const size_t section = SectionOf(slice.batch->document(order[begin]));
    uint32_t end = begin + 1;
    while (end < slice.end && SectionOf(slice.batch->document(order[end])) == section) ++end;
    Add(sections_[section], {.batch = slice.batch, .begin = begin, .end = end});
    begin = end;
  }
}

void WaitingDocuments::PutFirst(const std::vector<WaitingDocument>& documents) {
  if (documents.empty()) return;
  Section& section = sections_[SectionOf(documents.front().document())];
  section.first.insert(section.first.begin(), documents.begin(), documents.end());
  Grow(section, documents.size());
}

bool WaitingDocuments::Has(uint64_t documents) const {
  return std::any_of(sections_.begin(), sections_.end(),
                     [documents](const Section& section) { return section.size >= documents; });
}

// What is left in a section that was taken from is younger than what was taken, so it is a turn of
// its own.
void WaitingDocuments::Choose(uint64_t full, bool oldest_first) {
  SPILLWAY_CHECK(size_ > 0);
  const uint64_t least = !oldest_first && Has(full) ? full : 1;
  uint64_t longest = UINT64_MAX;
  for (size_t i = 0; i < sections_.size(); ++i) {
    if (sections_[i].size < least || sections_[i].since >= longest) continue;
    longest = sections_[i].since;
    chosen_ = i;
  }
  sections_[chosen_].since = ++turn_;
}

WaitingDocument WaitingDocuments::Next() const {
  const Section& section = sections_[chosen_];
  if (!section.first.empty()) return section.first.front();
  const Slice& slice = section.slices.front();
  return {.batch = slice.batch, .index = slice.batch->order()[slice.begin]};
}

void WaitingDocuments::TakeNext() {
  Section& section = sections_[chosen_];
  --section.size;
  --size_;
  if (!section.first.empty()) return section.first.pop_front();
  if (++section.slices.front().begin == section.slices.front().end) section.slices.pop_front();
}

void WaitingDocuments::Prefetch(size_t documents) const {
  const std::deque<Slice>& slices = sections_[chosen_].slices;
  for (auto slice = slices.begin(); slice != slices.end() && documents > 0; ++slice) {
    const size_t count = std::min<size_t>(slice->end - slice->begin, documents);
    const uint32_t* const order = slice->batch->order().data() + slice->begin;
    for (size_t i = 0; i < count; ++i) PrefetchObject(slice->batch->document(order[i]));
    documents -= count;
  }
}

}  // namespace spillway
