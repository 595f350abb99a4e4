#include "changes/collapse.h"

#include <algorithm>

namespace spillway {
namespace {

using Images = std::span<const ImageRecord>;

// The images of the first version in `images`.
Images FirstVersion(Images images) {
  const auto end = std::find_if(images.begin(), images.end(), [&](const ImageRecord& image) {
    return image.version != images.front().version;
  });
  return images.first(static_cast<size_t>(end - images.begin()));
}

// The images of one version by kind; each part may be empty.
struct OfVersion {
  Images removes;
  Images refused;
  Images upserts;

  explicit OfVersion(Images images) {
    const auto of_kind = [&](ImageKind kind) {
      const auto begin = std::find_if(images.begin(), images.end(),
                                      [&](const ImageRecord& i) { return i.kind() == kind; });
      const auto end =
          std::find_if(begin, images.end(), [&](const ImageRecord& i) { return i.kind() != kind; });
      return Images(begin, end);
    };
    removes = of_kind(ImageKind::kRemove);
    refused = of_kind(ImageKind::kRefused);
    upserts = of_kind(ImageKind::kUpsert);
  }
};

// What was there before the window: the old image of the first version that touches the identity.
struct Before {
  bool existed = false;
  Hash128 content;  // {} when it is not known

  explicit Before(Images images) {
    const OfVersion first(FirstVersion(images));
    existed = !first.removes.empty();
    if (existed) content = first.removes.front().content;
    for (const ImageRecord& other : first.removes) {
      if (other.content != content) content = {};
    }
  }
};

class Collapser {
 public:
  Collapser(Images images, const ImageRules& rules)
      : images_(images), rules_(rules), before_(images) {}

  Collapsed Run() {
    for (Images left = images_; !left.empty();) {
      const Images version = FirstVersion(left);
      Apply(OfVersion(version));
      left = left.subspan(version.size());
    }
    Finish();
    return result_;
  }

 private:
  void Apply(const OfVersion& version) {
    if (version.upserts.size() > 1) result_.duplicate = &version.upserts[1];
    if (!version.upserts.empty()) {
      if (!rules_.first_wins || result_.winner == nullptr) {
        Choose(Collapsed::Action::kUpsert, version.upserts.back());
      }
    } else if (!version.removes.empty() && version.refused.empty() && rules_.old_images_delete) {
      // A new image that was refused leaves the document as it was: it is listed, and no reason to
      // delete what it would have replaced.
      Choose(Collapsed::Action::kRemove, version.removes.back());
    }
  }

  void Choose(Collapsed::Action action, const ImageRecord& winner) {
    result_.action = action;
    result_.winner = &winner;
  }

  void Finish() {
    const bool exists = result_.action == Collapsed::Action::kUpsert;
    if (result_.action != Collapsed::Action::kNothing) {
      result_.documents_delta = static_cast<int>(exists) - static_cast<int>(before_.existed);
    }
    const bool unchanged = rules_.suppresses_unchanged && IsUnchanged();
    Count(unchanged);
    if (unchanged) Forget();
  }

  // What came and went inside of the window was never there.
  bool IsUnchanged() const {
    if (result_.action == Collapsed::Action::kRemove) return !before_.existed;
    return result_.action == Collapsed::Action::kUpsert && before_.existed &&
           before_.content != Hash128{} && before_.content == result_.winner->content;
  }

  void Count(bool unchanged) {
    IntentCounts& counts = result_.counts;
    for (const ImageRecord& image : images_) {
      if (image.kind() == ImageKind::kRefused || (&image == result_.winner && !unchanged)) continue;
      ++counts.read;
      if (&image == result_.winner) {
        ++counts.unchanged;
      } else if (image.kind() == ImageKind::kRemove && !rules_.old_images_delete) {
        ++counts.filtered;
      } else {
        ++counts.superseded;
      }
    }
  }

  void Forget() {
    result_.action = Collapsed::Action::kNothing;
    result_.winner = nullptr;
  }

  const Images images_;
  const ImageRules& rules_;
  const Before before_;
  Collapsed result_;
};

}  // namespace

ImageRules RulesFor(WriteMode mode) {
  switch (mode) {
    case WriteMode::kMirror:
    case WriteMode::kSoftDelete:
      return {};
    case WriteMode::kUpsert:
    case WriteMode::kUpdate:
      return {.old_images_delete = false};
    case WriteMode::kAppend:
      return {.old_images_delete = false, .first_wins = true, .suppresses_unchanged = false};
    case WriteMode::kUpsertIfNotModified:
    case WriteMode::kPatch:
    case WriteMode::kPatchIfExists:
    case WriteMode::kMergeFields:
      return {.old_images_delete = false, .suppresses_unchanged = false};
    case WriteMode::kDelete:
    case WriteMode::kDeleteIfNotModified:
      return {.new_images_delete = true, .suppresses_unchanged = false};
  }
  return {};
}

Collapsed Collapse(std::span<const ImageRecord> images, const ImageRules& rules) {
  return Collapser(images, rules).Run();
}

}  // namespace spillway
