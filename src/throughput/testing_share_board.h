// MemoryShareBoard: a board in memory for tests, with the faults that a store has.
#ifndef SPILLWAY_THROUGHPUT_TESTING_SHARE_BOARD_H_
#define SPILLWAY_THROUGHPUT_TESTING_SHARE_BOARD_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "connector/share_board.h"

namespace spillway {

// Several boards over one content are several members.
class MemoryShareBoard : public ShareBoard {
 public:
  struct Content {
    std::mutex mutex;
    ShareLedger ledger;
    uint64_t etags = 0;
    std::map<std::string, ShareNotice> notices;
    Status failure;  // of every call
  };
  explicit MemoryShareBoard(std::shared_ptr<Content> content) : content_(std::move(content)) {}

  std::string Describe() const override { return "the board"; }
  Status Check(const CallContext&) override { return Failure(); }
  Status Prepare(const CallContext&) override { return Status::Ok(); }
  Result<ShareLedger> ReadLedger(const CallContext&) override {
    RETURN_IF_ERROR(Failure());
    std::lock_guard lock(content_->mutex);
    return content_->ledger;
  }
  Result<std::string> ReplaceLedger(const ShareLedger& next, const CallContext&) override {
    RETURN_IF_ERROR(Failure());
    std::lock_guard lock(content_->mutex);
    if (next.etag != content_->ledger.etag) return Conflict("another was faster");
    content_->ledger = next;
    content_->ledger.etag = std::to_string(++content_->etags);
    return content_->ledger.etag;
  }
  Result<std::vector<ShareNotice>> ReadNotices(const CallContext&) override {
    RETURN_IF_ERROR(Failure());
    std::lock_guard lock(content_->mutex);
    std::vector<ShareNotice> notices;
    for (const auto& [member, notice] : content_->notices) notices.push_back(notice);
    return notices;
  }
  Status WriteNotice(const ShareNotice& notice, const CallContext&) override {
    RETURN_IF_ERROR(Failure());
    std::lock_guard lock(content_->mutex);
    content_->notices[notice.member] = notice;
    return Status::Ok();
  }
  Status RemoveNotice(const std::string& member, const CallContext&) override {
    RETURN_IF_ERROR(Failure());
    std::lock_guard lock(content_->mutex);
    content_->notices.erase(member);
    return Status::Ok();
  }

 private:
  Status Failure() {
    std::lock_guard lock(content_->mutex);
    return content_->failure;
  }
  const std::shared_ptr<Content> content_;
};

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_TESTING_SHARE_BOARD_H_
