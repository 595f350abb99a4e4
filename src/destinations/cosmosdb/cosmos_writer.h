// CosmosWriter: turns documents into operations as the write mode says, and the service's answers
// into a WriteReport. How operations travel (bulk or one by one) is the sender's affair.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_WRITER_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_WRITER_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "connector/destination.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/cosmos_modes.h"
#include "destinations/cosmosdb/operation.h"

namespace spillway::cosmosdb {

class CosmosWriter : public Writer {
 public:
  CosmosWriter(WriteMode mode, ContainerInfo container, std::unique_ptr<ContainerClient> client,
               std::unique_ptr<OperationSender> sender);
  ~CosmosWriter() override;

  // Never fails as a whole: what happened is said row by row.
  Result<WriteReport> Write(std::span<const Document> documents, const CallContext& ctx) override;

 private:
  struct Planned {
    Operation operation;
    const ModeRule* rule;
  };
  class Settlement;

  void Plan(const Document& document, uint32_t row, Settlement* settlement);
  void PlanPatch(const Document& document, uint32_t row, const ModeRule& rule,
                 Settlement* settlement);
  void SendPlanned(std::span<const Planned> planned, Settlement* settlement,
                   const CallContext& ctx);
  // Read, merge, write while unchanged.
  void Merge(Settlement* settlement, const CallContext& ctx);
  void PlanMerged(Planned planned, const OperationResult& item, Settlement* settlement);
  // A refusal that our own earlier, unsure write may have caused: the item decides.
  void SettleByReading(const Planned& planned, const OperationResult& result,
                       Settlement* settlement, const CallContext& ctx);

  const WriteMode mode_;
  const ContainerInfo container_;
  const std::unique_ptr<ContainerClient> client_;
  const std::unique_ptr<OperationSender> sender_;
  // Of the Write under way; kept for their capacity.
  std::vector<Planned> planned_;
  std::vector<Planned> merges_;
  std::vector<Operation> operations_;
  std::vector<OperationResult> results_;
  std::deque<std::string> bodies_;  // patches and merged items; operations point into it
};

// The fate of a row by the answer to its operation and the mode's rule: an outcome, or a failure
// (of row 0).
struct RowVerdict {
  RowOutcome outcome = RowOutcome::kFailed;
  RowFailure failure;  // when the outcome is kFailed
};
RowVerdict Judge(const OperationResult& result, const ModeRule& rule);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_WRITER_H_
