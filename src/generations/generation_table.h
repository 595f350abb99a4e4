// GenerationTable: the pointer and the list of generations, durable: two documents of one
// partition, beside the data, so that whoever has lost its own state still knows what is where. The
// list changes with every step; the pointer only when readers are to read another container.
#ifndef SPILLWAY_GENERATIONS_GENERATION_TABLE_H_
#define SPILLWAY_GENERATIONS_GENERATION_TABLE_H_

#include <memory>
#include <string>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/result.h"
#include "connector/document_table.h"
#include "generations/generation_list.h"
#include "state/state_table.h"

namespace spillway {

// Used by one thread at a time.
class GenerationTable {
 public:
  // `id` of the pointer, and the partition of both documents.
  GenerationTable(std::unique_ptr<DocumentTable> table, std::string id, Clock& clock);

  // "https://host/db/spillway-pointers, id products".
  std::string Describe() { return table_.table().Describe() + ", id " + id_; }
  // Makes the table when it is missing.
  Status Prepare(const CallContext& ctx) { return table_.table().Prepare(ctx); }

  // An empty stand when nothing was ever written, or there is no table. kDataLoss: damaged, or the
  // list is missing though there is a pointer.
  Result<SwitchStand> Read(const CallContext& ctx);

  // Stores both, or the list alone when `pointer_too` is false: one transaction, on the condition
  // that both are as `stand` was read. kUnavailable: they are not; nothing was written. A lost
  // answer is looked into. Sets the etags of `stand`.
  Status Write(SwitchStand& stand, bool pointer_too, const CallContext& ctx);

  // The store's own clock, in UTC: asked by writing. It alone decides how long something is kept.
  Result<int64_t> NowMillis(const CallContext& ctx);

 private:
  std::string ListId() const { return id_ + ".generations"; }
  std::string ClockId() const { return id_ + ".clock"; }
  Result<std::optional<TableDocument>> ReadDocument(const std::string& id, const CallContext& ctx);
  Result<std::vector<TableWrite>> WritesOf(const SwitchStand& stand, bool pointer_too,
                                           const std::string& stamp) const;
  // Whether the write with this stamp has been carried out.
  Result<bool> Landed(const std::string& stamp);

  StateTable table_;
  const std::string id_;
  const std::string writer_;
  uint64_t writes_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_GENERATIONS_GENERATION_TABLE_H_
