#include "engine/testing/memory_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace spillway {
namespace {

constexpr int64_t kValuesPerVersion = 100'000;  // a value says which version wrote it

}  // namespace

MemoryTable::MemoryTable(MemorySource& source, uint64_t seed, uint32_t rows)
    : source_(source), random_(seed) {
  MemorySplits splits(2);
  for (uint32_t i = 0; i < rows; ++i) {
    const MemoryRow row = NewRow();
    rows_[row.id] = row;
    splits[i % 2].push_back(row);
  }
  images_told_ = rows;
  source_.SetVersion(0, std::move(splits));
}

MemoryRow MemoryTable::NewRow() {
  return {fmt::format("k{}", next_id_++), fmt::format("c{}", Random(5)), NewValue()};
}

int64_t MemoryTable::NewValue() {
  return Random(12) == 0 ? -1
                         : (version_ + 1) * kValuesPerVersion + next_value_++ % kValuesPerVersion;
}

std::string MemoryTable::RandomId() {
  auto row = rows_.begin();
  std::advance(row, Random(static_cast<uint32_t>(rows_.size())));
  return row->first;
}

void MemoryTable::Replace(const std::string& id, const MemoryRow& row) {
  Add(Image::kOld, rows_.at(id));
  rows_.erase(id);
  Add(Image::kNew, row);
  rows_[row.id] = row;
}

void MemoryTable::Erase(const std::string& id) {
  Add(Image::kOld, rows_.at(id));
  rows_.erase(id);
}

// The images of a commit come in any order, in several splits.
void MemoryTable::Commit() {
  images_told_ += images_.size();
  std::shuffle(images_.begin(), images_.end(), random_);
  MemoryCommit commit;
  commit.splits.resize(images_.empty() ? 0 : 1 + Random(3));
  for (MemoryImage& image : images_) {
    commit.splits[Random(static_cast<uint32_t>(commit.splits.size()))].push_back(std::move(image));
  }
  images_.clear();
  source_.Commit(++version_, std::move(commit));
}

void MemoryTable::Insert(const std::string& id, const std::string& category, int64_t value) {
  const MemoryRow row{id, category, value};
  rows_[id] = row;
  Add(Image::kNew, row);
  Commit();
}

void MemoryTable::Update(const std::string& id, int64_t value) {
  MemoryRow row = rows_.at(id);
  row.value = value;
  Replace(id, row);
  Commit();
}

void MemoryTable::Move(const std::string& id, const std::string& new_id,
                       const std::string& category) {
  const MemoryRow row{new_id, category, rows_.at(id).value};
  Replace(id, row);
  Commit();
}

void MemoryTable::Delete(const std::string& id) {
  Erase(id);
  Commit();
}

void MemoryTable::DeleteAll() {
  while (!rows_.empty()) Erase(rows_.begin()->first);
  Commit();
}

// Every row is rewritten, some of them as they were.
void MemoryTable::Overwrite() {
  for (auto& [id, row] : rows_) {
    Add(Image::kOld, row);
    if (Random(2) == 0) row.value = NewValue();
    Add(Image::kNew, row);
  }
  Commit();
}

// a ↔ b in one commit.
void MemoryTable::Swap() {
  MemoryRow a = rows_.at(RandomId());
  MemoryRow b = rows_.at(RandomId());
  if (a.id == b.id) return Commit();
  Add(Image::kOld, a);
  Add(Image::kOld, b);
  std::swap(a.id, b.id);
  std::swap(a.category, b.category);
  for (const MemoryRow& row : {a, b}) {
    Add(Image::kNew, row);
    rows_[row.id] = row;
  }
  Commit();
}

// Every row takes the key of the next one, the last a new one.
void MemoryTable::Shift() {
  std::vector<MemoryRow> rows;
  for (const auto& [id, row] : rows_) rows.push_back(row);
  rows_.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    Add(Image::kOld, rows[i]);
    const MemoryRow key = i + 1 < rows.size() ? rows[i + 1] : NewRow();
    const MemoryRow shifted{key.id, key.category, rows[i].value};
    Add(Image::kNew, shifted);
    rows_[shifted.id] = shifted;
  }
  Commit();
}

void MemoryTable::Merge() {
  for (uint32_t i = 0; i < 8; ++i) {
    const MemoryRow inserted = NewRow();
    rows_[inserted.id] = inserted;
    Add(Image::kNew, inserted);
    // A row that this commit has touched would have one pair of images only.
    const std::string id = RandomId();
    const bool touched = std::any_of(images_.begin(), images_.end(),
                                     [&](const MemoryImage& image) { return image.row.id == id; });
    if (touched) continue;
    if (Random(3) == 0) {
      Erase(id);
    } else {
      MemoryRow row = rows_.at(id);
      row.value = NewValue();
      Replace(id, row);
    }
  }
  Commit();
}

void MemoryTable::CommitRandom() {
  if (rows_.size() < 4) return Merge();
  switch (Random(11)) {
    case 0: {
      const MemoryRow row = NewRow();
      return Insert(row.id, row.category, row.value);
    }
    case 1:
    case 2:
      return Update(RandomId(), NewValue());
    case 3:
      return Delete(RandomId());
    case 4: {
      const std::string id = RandomId();
      return Move(id, id, fmt::format("c{}", Random(5)));
    }
    case 5:
      return Move(RandomId(), NewRow().id, fmt::format("c{}", Random(5)));
    case 6:
      return Swap();
    case 7:
      return Shift();
    case 8:
      return Merge();
    case 9:
      return Overwrite();
    default: {
      const std::string id = RandomId();
      return Random(2) == 0 ? Update(id, rows_.at(id).value) : Commit();
    }
  }
}

std::string MemoryTable::KeyOf(const MemoryRow& row) {
  return fmt::format("[\"{}\"]/{}", row.category, row.id);
}

std::string MemoryTable::DocumentOf(const MemoryRow& row) {
  return fmt::format(R"({{"id":"{}","category":"{}","value":{}}})", row.id, row.category,
                     row.value);
}

std::map<std::string, std::string> MemoryTable::Documents() const {
  std::map<std::string, std::string> documents;
  for (const auto& [id, row] : rows_) {
    if (row.value >= 0) documents[KeyOf(row)] = DocumentOf(row);
  }
  return documents;
}

}  // namespace spillway
