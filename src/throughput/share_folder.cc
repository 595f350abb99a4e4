#include "throughput/share_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/hash.h"

namespace spillway {
namespace {

constexpr std::string_view kLedger = "ledger";
constexpr std::string_view kLock = "lock";
constexpr std::string_view kNoticePrefix = "m-";
constexpr size_t kFileBytesMax = 64 << 10;
constexpr std::chrono::milliseconds kLookForLock{1};
constexpr size_t kNoticeBytes = 160;  // always as many, so that it is replaced in one write

// An open file; closing it gives its lock back.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

File Open(const std::string& path, int flags) {
  return File(open(path.c_str(), flags | O_CLOEXEC, 0600));
}

Status Failed(std::string_view what, const std::string& path) {
  return Unavailable(fmt::format("{} {}: {}", what, path, std::generic_category().message(errno)));
}

Result<std::string> ReadAll(const File& file, const std::string& path) {
  std::string text(kFileBytesMax, '\0');
  const ssize_t size = pread(file.get(), text.data(), text.size(), 0);
  if (size < 0) return Failed("reading", path);
  text.resize(static_cast<size_t>(size));
  return text;
}

Status WriteAt(const File& file, const std::string& text, const std::string& path) {
  const ssize_t written = pwrite(file.get(), text.data(), text.size(), 0);
  return written == static_cast<ssize_t>(text.size()) ? Status::Ok() : Failed("writing", path);
}

Result<ShareLedger> ParseLedger(const std::string& text, const std::string& path) {
  std::istringstream lines(text);
  ShareLedger ledger;
  SharePart part;
  if (lines >> ledger.etag) {
    while (lines >> part.member >> part.part >> part.epoch) ledger.parts.push_back(part);
  }
  if (lines.eof() && !ledger.etag.empty()) return ledger;
  return DataLoss(fmt::format("{} is damaged", path))
      .WithHint("stop the runs that use it, and remove the file: it is made anew");
}

std::string FormatLedger(const ShareLedger& ledger, const std::string& etag) {
  std::string text = etag + "\n";
  for (const SharePart& part : ledger.parts) {
    text += fmt::format("{} {} {}\n", part.member, part.part, part.epoch);
  }
  return text;
}

// nullopt: it is being made.
std::optional<ShareNotice> ParseNotice(const std::string& text) {
  std::istringstream words(text);
  ShareNotice notice;
  double wanted = 0;
  if (!(words >> notice.renewal >> notice.load >> wanted >> notice.units_per_second)) return {};
  if (wanted >= 0) notice.wanted = wanted;
  return notice;
}

std::string FormatNotice(const ShareNotice& notice) {
  std::string text = fmt::format("{} {} {} {}", notice.renewal, notice.load,
                                 notice.wanted.value_or(-1), notice.units_per_second);
  text.resize(kNoticeBytes, ' ');
  return text;
}

std::string NextEtag(const std::string& etag) {
  uint64_t number = 0;
  std::from_chars(etag.data(), etag.data() + etag.size(), number);
  return fmt::format("{}", number + 1);
}

class ShareFolder : public ShareBoard {
 public:
  ShareFolder(std::string parent, std::string folder, Clock& clock)
      : parent_(std::move(parent)), folder_(std::move(folder)), clock_(clock) {}

  std::string Describe() const override { return "shares in " + folder_; }

  // A look costs next to nothing here.
  ShareTiming timing() const override {
    using std::chrono::milliseconds;
    return {.look = milliseconds(50),
            .look_moving = milliseconds(20),
            .look_notices = milliseconds(100),
            .look_alone = milliseconds(200),
            .renew = milliseconds(250)};
  }

  Status Check(const CallContext&) override { return Status::Ok(); }

  Status Prepare(const CallContext&) override {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(parent_).parent_path(), error);
    for (const std::string& folder : {parent_, folder_}) {
      if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return InvalidArgument(fmt::format("the folder {} cannot be made: {}", folder,
                                           std::generic_category().message(errno)))
            .WithHint(
                "runs of one project share their limit there: make it writable, or name"
                " another `state.path`");
      }
    }
    return Status::Ok();
  }

  Result<ShareLedger> ReadLedger(const CallContext&) override {
    const std::string path = Path(kLedger);
    const File file = Open(path, O_RDONLY);
    if (!file.is_open() && errno == ENOENT) return ShareLedger();
    if (!file.is_open()) return Failed("opening", path);
    ASSIGN_OR_RETURN(const std::string text, ReadAll(file, path));
    return ParseLedger(text, path);
  }

  Result<std::string> ReplaceLedger(const ShareLedger& next, const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const File lock, Lock(ctx));
    ASSIGN_OR_RETURN(const ShareLedger present, ReadLedger(ctx));
    if (present.etag != next.etag) return Conflict("another run was faster");
    std::string etag = NextEtag(next.etag);
    const std::string path = Path(kLedger) + ".new";
    const File file = Open(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open()) return Failed("opening", path);
    RETURN_IF_ERROR(WriteAt(file, FormatLedger(next, etag), path));
    if (rename(path.c_str(), Path(kLedger).c_str()) != 0) return Failed("replacing", path);
    return etag;
  }

  Result<std::vector<ShareNotice>> ReadNotices(const CallContext&) override {
    std::vector<ShareNotice> notices;
    std::error_code error;
    std::filesystem::directory_iterator entries(folder_, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      const std::string name = entries->path().filename().string();
      if (!name.starts_with(kNoticePrefix)) continue;
      ASSIGN_OR_RETURN(std::optional<ShareNotice> notice, ReadNotice(name));
      if (notice.has_value()) notices.push_back(*std::move(notice));
    }
    if (error) return Unavailable(fmt::format("reading {}: {}", folder_, error.message()));
    return notices;
  }

  Status WriteNotice(const ShareNotice& notice, const CallContext&) override {
    const std::string path = NoticePath(notice.member);
    if (!mine_.is_open()) {
      mine_ = Open(path, O_RDWR | O_CREAT);
      if (!mine_.is_open()) return Failed("opening", path);
      if (flock(mine_.get(), LOCK_EX | LOCK_NB) != 0) {
        mine_ = File();
        return Failed("locking", path);
      }
    }
    return WriteAt(mine_, FormatNotice(notice), path);
  }

  Status RemoveNotice(const std::string& member, const CallContext&) override {
    unlink(NoticePath(member).c_str());
    mine_ = File();
    return Status::Ok();
  }

 private:
  std::string Path(std::string_view name) const { return fmt::format("{}/{}", folder_, name); }
  std::string NoticePath(std::string_view member) const {
    return fmt::format("{}/{}{}", folder_, kNoticePrefix, member);
  }

  // nullopt: it was removed meanwhile, or is being made.
  Result<std::optional<ShareNotice>> ReadNotice(const std::string& name) {
    const std::string path = Path(name);
    const File file = Open(path, O_RDONLY);
    if (!file.is_open() && errno == ENOENT) return std::optional<ShareNotice>();
    if (!file.is_open()) return Failed("opening", path);
    ASSIGN_OR_RETURN(const std::string text, ReadAll(file, path));
    std::optional<ShareNotice> notice = ParseNotice(text);
    // Only a process that has ended leaves it unlocked. (Our own is locked by ourselves.)
    const bool gone = flock(file.get(), LOCK_SH | LOCK_NB) == 0;
    gone ? TidyUp(name, path) : static_cast<void>(gone_since_.erase(name));
    if (!notice.has_value()) return notice;
    notice->member = name.substr(kNoticePrefix.size());
    notice->gone = gone;
    return notice;
  }

  // Seen by everyone by then.
  void TidyUp(const std::string& name, const std::string& path) {
    const SteadyTime first = gone_since_.try_emplace(name, clock_.Now()).first->second;
    if (clock_.Now() < first + timing().expire) return;
    unlink(path.c_str());
    gone_since_.erase(name);
  }

  Result<File> Lock(const CallContext& ctx) {
    const std::string path = Path(kLock);
    File file = Open(path, O_RDWR | O_CREAT);
    if (!file.is_open()) return Failed("opening", path);
    while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return Failed("locking", path);
      if (clock_.Now() >= ctx.deadline) {
        return Unavailable("another run holds " + path);
      }
      if (!clock_.WaitFor(kLookForLock, ctx.stop)) return Cancelled("stopped on request");
    }
    return file;
  }

  const std::string parent_;
  const std::string folder_;
  Clock& clock_;
  File mine_;
  std::map<std::string, SteadyTime> gone_since_;
};

}  // namespace

std::unique_ptr<ShareBoard> MakeShareFolder(std::string folder, std::string_view target,
                                            Clock& clock) {
  const Hash128 hash = Murmur3x64_128(target);
  std::string own = fmt::format("{}/{:016x}{:016x}", folder, hash.high, hash.low);
  return std::make_unique<ShareFolder>(std::move(folder), std::move(own), clock);
}

}  // namespace spillway
