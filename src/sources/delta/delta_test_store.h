// For tests: a loopback server that speaks as much of S3 as reading a table needs, over a folder.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_TEST_STORE_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_TEST_STORE_H_

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace spillway {

// Serves the folder as s3://lake/t.
class DeltaTestStore {
 public:
  explicit DeltaTestStore(std::filesystem::path folder);
  ~DeltaTestStore();
  DeltaTestStore(const DeltaTestStore&) = delete;
  DeltaTestStore& operator=(const DeltaTestStore&) = delete;

  // Options of a source that reads from here, without retries.
  std::map<std::string, std::string> storage() const;
  // From now on every answer has this HTTP status; 0: as it should be.
  void AnswerWith(int status) { status_ = status; }
  // From now on requests are accepted and never answered.
  void StopAnswering() { silent_ = true; }
  // From now on this file is listed, but not found; empty: none.
  void Hide(const std::string& key);
  // Waits until a request has gone unanswered.
  void WaitForSilence() const { unanswered_.wait(0); }
  int reads() const { return reads_; }  // that found their object
  int requests() const { return requests_; }
  int listings() const { return listings_; }

 private:
  void Accept(const std::stop_token& stop);
  void Serve(int connection);
  std::string Answer(const std::string& request);
  std::string List(std::string_view query);
  std::string Read(const std::string& key, const std::string& request, bool head);

  const std::filesystem::path folder_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> status_ = 0;
  std::atomic<bool> silent_ = false;
  std::atomic<int> unanswered_ = 0;
  std::atomic<int> reads_ = 0;
  std::atomic<int> requests_ = 0;
  std::atomic<int> listings_ = 0;
  std::mutex mutex_;
  std::string hidden_;            // guarded by mutex_
  std::vector<int> connections_;  // of the acceptor
  std::vector<std::jthread> servers_;
  std::jthread acceptor_;  // last: uses the others
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_TEST_STORE_H_
