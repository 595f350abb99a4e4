// MemoryTable: a table that lives: random operations on rows with unique ids, each told as the
// images that a change feed would have, and the documents that the table stands for, as an
// independent judge of what a run made of them.
#ifndef SPILLWAY_ENGINE_TESTING_MEMORY_TABLE_H_
#define SPILLWAY_ENGINE_TESTING_MEMORY_TABLE_H_

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "engine/testing/memory_source.h"

namespace spillway {

// Used by one thread.
class MemoryTable {
 public:
  // `rows` rows at version 0 of `source`.
  MemoryTable(MemorySource& source, uint64_t seed, uint32_t rows);

  int64_t version() const { return version_; }
  const std::map<std::string, MemoryRow>& rows() const { return rows_; }
  // Rows of version 0 and images since.
  uint64_t images() const { return images_told_; }
  // Commits one random operation: insert, update, delete, moved partition, changed, swapped or
  // shifted keys, merge, overwrite, an update of nothing, a commit without rows.
  void CommitRandom();
  void Insert(const std::string& id, const std::string& category, int64_t value);
  void Update(const std::string& id, int64_t value);
  void Move(const std::string& id, const std::string& new_id, const std::string& category);
  void Delete(const std::string& id);
  void DeleteAll();
  void Overwrite();
  // What MemoryDestination::Contents() has to be, with the mapping of a filter `value >= 0`.
  std::map<std::string, std::string> Documents() const;
  // The key of MemoryDestination's contents.
  static std::string KeyOf(const MemoryRow& row);
  static std::string DocumentOf(const MemoryRow& row);

 private:
  uint32_t Random(uint32_t below) { return static_cast<uint32_t>(random_() % below); }
  std::string RandomId();
  MemoryRow NewRow();
  int64_t NewValue();
  void Add(Image image, const MemoryRow& row) { images_.push_back({image, row}); }
  void Replace(const std::string& id, const MemoryRow& row);
  void Erase(const std::string& id);
  void Swap();
  void Shift();
  void Merge();
  void Commit();

  MemorySource& source_;
  std::mt19937_64 random_;
  int64_t version_ = 0;
  uint64_t next_id_ = 0;
  int64_t next_value_ = 0;
  std::map<std::string, MemoryRow> rows_;
  std::vector<MemoryImage> images_;  // of the commit at hand
  uint64_t images_told_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_TESTING_MEMORY_TABLE_H_
