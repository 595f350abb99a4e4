#include "conformance/file_subject.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/check.h"
#include "destinations/file/file_destination.h"

namespace spillway {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDocumentBytesMax = 1 << 20;

// A file system never throttles, and it gives its answers at once.
class FileSubject final : public ConformanceSubject {
 public:
  FileSubject() {
    std::string name = (fs::temp_directory_path() / "spillway-XXXXXX").string();
    SPILLWAY_CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
  }
  ~FileSubject() override {
    ::chmod(folder_.c_str(), 0700);
    fs::remove_all(folder_);
  }

  Result<std::unique_ptr<Destination>> Open() override {
    FileOptions options;
    options.folder = folder_;
    options.container = "container";
    options.partition_key_paths = {"/k"};
    options.partitions = 8;
    options.document_bytes_max = kDocumentBytesMax;
    options.sync = false;
    return MakeFileDestination(options);
  }

  Result<std::unique_ptr<Destination>> OpenUnauthorised() override {
    ::chmod(folder_.c_str(), 0500);
    return Open();
  }
  std::string RefusedBody(const std::string& key, const std::string& id) override {
    return fmt::format(R"({{"id":"{}","k":"{}","v":"{}"}})", id, key,
                       std::string(kDocumentBytesMax, 'x'));
  }
  // Root may write everywhere.
  bool CanRefuseAuthorisation() const override { return ::geteuid() != 0; }

 private:
  std::string folder_;
};

}  // namespace

std::unique_ptr<ConformanceSubject> MakeFileSubject() {
  return std::make_unique<FileSubject>();
}

}  // namespace spillway
