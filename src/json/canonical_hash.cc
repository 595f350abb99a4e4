#include "json/canonical_hash.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "base/load_bytes.h"
#include "json/json_scanner.h"

namespace spillway {
namespace {

constexpr int kDepthMax = 1'024;
constexpr size_t kKeysMax = 1'024;  // that a hasher keeps

// What stored fingerprints are made of, so that it never changes.
struct DurableHash {
  // A seed per kind, so that "1", 1 and [1] differ.
  enum class Seed : uint64_t {
    kNull = 1,
    kFalse,
    kTrue,
    kNumber,
    kString,
    kArray,
    kObject,
    kMember
  };

  static constexpr Hash128 kArrayStart{0, static_cast<uint64_t>(Seed::kArray)};
  static constexpr Hash128 kObjectStart{0, static_cast<uint64_t>(Seed::kObject)};

  static Hash128 Null() { return Bytes({}, Seed::kNull); }
  static Hash128 Flag(bool flag) { return Bytes({}, flag ? Seed::kTrue : Seed::kFalse); }
  static Hash128 Number(double number) {
    char bytes[sizeof(number)];
    std::memcpy(bytes, &number, sizeof(number));
    return Bytes({bytes, sizeof(bytes)}, Seed::kNumber);
  }
  static Hash128 Text(std::string_view text, size_t) { return Bytes(text, Seed::kString); }
  static Hash128 Key(std::string_view key) { return Bytes(key, Seed::kString); }
  static Hash128 Member(const Hash128& key, const Hash128& value) {
    return Pair(key, value, Seed::kMember);
  }
  static Hash128 Element(const Hash128& before, const Hash128& value) {
    return Pair(before, value, Seed::kArray);
  }
  static Hash128 Object(const Hash128& sum) { return Pair(sum, {}, Seed::kObject); }

 private:
  static Hash128 Bytes(std::string_view bytes, Seed seed) {
    return Murmur3x64_128(bytes, static_cast<uint64_t>(seed));
  }
  static Hash128 Pair(const Hash128& first, const Hash128& second, Seed seed) {
    char bytes[sizeof(first) + sizeof(second)];
    std::memcpy(bytes, &first, sizeof(first));
    std::memcpy(bytes + sizeof(first), &second, sizeof(second));
    return Bytes({bytes, sizeof(bytes)}, seed);
  }
};

// What two sides are compared by. Most of a document is short keys, numbers and short texts: such a
// value is 128 bits as it stands, no two of them the same, and hashed once, together with its key.
struct QuickHash {
  static constexpr Hash128 kArrayStart{0x8BB8'4B93'962E'ACC9, 0x4B33'A62E'D433'D4A3};
  static constexpr Hash128 kObjectStart{};

  static Hash128 Null() { return {0, Tag(Kind::kNull)}; }
  static Hash128 Flag(bool flag) { return {0, Tag(flag ? Kind::kTrue : Kind::kFalse)}; }
  static Hash128 Number(double number) {
    return {std::bit_cast<uint64_t>(number), Tag(Kind::kNumber)};
  }
  static Hash128 Text(std::string_view text, size_t readable) {
    if (text.size() > kShortMax) return LongText(text);
    const uint64_t tag = uint64_t{text.size()} << kTagShift;
    if (readable < 2 * kWord) {
      const size_t first = std::min(text.size(), kWord);
      return {LoadUpToEight(text.data(), first),
              tag | LoadUpToEight(text.data() + first, text.size() - first)};
    }
    // Without a look at the length, which nobody can guess.
    const Hash128 words = LoadWords(text.data());
    const Hash128& mask = kMasks[text.size()];
    return {words.high & mask.high, (words.low & mask.low) | tag};
  }
  static Hash128 Key(std::string_view key) { return Mix(Text(key, key.size())); }
  static Hash128 Member(const Hash128& key, const Hash128& value) { return Mix(Xor(key, value)); }
  static Hash128 Element(const Hash128& before, const Hash128& value) {
    return Mix(Xor(before, value));
  }
  static Hash128 Object(const Hash128& sum) { return Mix(sum); }

 private:
  // Odd, with as many ones as zeros in no order.
  static constexpr uint64_t kSecrets[] = {0x8BB8'4B93'962E'ACC9, 0x4B33'A62E'D433'D4A3,
                                          0x2D35'8DCC'AA6C'78A5, 0x9E37'79B9'7F4A'7C15};
  static constexpr size_t kWord = sizeof(uint64_t);
  static constexpr size_t kShortMax = 15;  // the last byte says how many there are, or the kind
  static constexpr int kTagShift = 56;
  enum class Kind : uint8_t { kNull = kShortMax + 1, kFalse, kTrue, kNumber };
  static constexpr uint64_t Tag(Kind kind) { return static_cast<uint64_t>(kind) << kTagShift; }

  static Hash128 Xor(const Hash128& a, const Hash128& b) {
    return {a.high ^ b.high, a.low ^ b.low};
  }
  // By length: which bytes of two words are the text's.
  static constexpr std::array<Hash128, kShortMax + 1> kMasks = [] {
    std::array<Hash128, kShortMax + 1> masks{};
    for (size_t size = 1; size <= kShortMax; ++size) {
      const uint64_t all = ~uint64_t{0};
      masks[size] = {size < kWord ? all >> (8 * (kWord - size)) : all,
                     size > kWord ? all >> (8 * (2 * kWord - size)) : 0};
    }
    return masks;
  }();
  static Hash128 LoadWords(const char* at) {
    return {LoadAs<uint64_t>(at), LoadAs<uint64_t>(at + kWord)};
  }
  // In two chains that need not wait for each other. The last words overlap those before them,
  // which the length tells from a text that repeats itself.
  static Hash128 LongText(std::string_view text) {
    constexpr size_t kStep = 2 * kWord;
    // Spread over all bits: no difference in the text makes up for one in the length.
    Hash128 even{text.size() * kSecrets[0], text.size() * kSecrets[1]};
    Hash128 odd{kSecrets[2], kSecrets[3]};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (; end - at > static_cast<ptrdiff_t>(2 * kStep); at += 2 * kStep) {
      even = Mix(Xor(even, LoadWords(at)));
      odd = Mix(Xor(odd, LoadWords(at + kStep)));
    }
    if (end - at > static_cast<ptrdiff_t>(kStep)) even = Mix(Xor(even, LoadWords(at)));
    odd = Mix(Xor(odd, LoadWords(end - kStep)));
    return Mix(Xor(even, {odd.low, odd.high}));
  }
  // Each bit of the result depends on all of both words.
  static Hash128 Mix(const Hash128& words) {
    const auto multiply = [](uint64_t a, uint64_t b) {
      const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
      return Hash128{static_cast<uint64_t>(product >> 64), static_cast<uint64_t>(product)};
    };
    const uint64_t left = words.high ^ kSecrets[0];
    const uint64_t right = words.low ^ kSecrets[1];
    const Hash128 once = multiply(left, right);
    // The factors again: a factor of 0 must not swallow the other.
    const Hash128 twice = multiply(once.low ^ left ^ kSecrets[2], once.high ^ right ^ kSecrets[3]);
    return {twice.high ^ once.low ^ right, twice.low ^ once.high ^ left};
  }
};

struct KnownObject;

// A key as it stood in a document before, so that it need not be read again.
struct KnownKey {
  std::string text;  // with its quotes and the colon, nothing between them
  uint64_t first = 0;
  uint64_t first_mask = 0;  // of the bytes of `first` that are the text's
  uint64_t last = 0;        // of more than eight bytes
  Hash128 hash;
  bool counts = true;
  std::unique_ptr<KnownObject> inside;  // of objects that are its value, or elements of that

  explicit KnownKey(std::string_view known) : text(known) {
    const size_t size = std::min(text.size(), kWord);
    first = LoadUpToEight(text.data(), size);
    first_mask = ~uint64_t{0} >> (8 * (kWord - size));
    if (text.size() > kWord) last = LoadAs<uint64_t>(text.data() + text.size() - kWord);
  }

  // Most keys are at most two words, and most documents longer than their last key.
  bool Begins(std::string_view json) const {
    if (json.size() < 2 * kWord || text.size() > 2 * kWord) return json.starts_with(text);
    if ((LoadAs<uint64_t>(json.data()) & first_mask) != first) return false;
    return text.size() <= kWord || LoadAs<uint64_t>(json.data() + text.size() - kWord) == last;
  }

 private:
  static constexpr size_t kWord = sizeof(uint64_t);
};

// The keys of an object, in the order that they came in.
struct KnownObject {
  static constexpr size_t kKeysMax = 256;
  static constexpr size_t kAheadMax = 4;  // keys that an object may lack one after the other

  std::vector<KnownKey> keys;

  // The key that `json` begins with, looked for from `expected` on, which moves behind it; nullptr:
  // it is not there.
  const KnownKey* Find(std::string_view json, size_t* expected) const {
    const size_t end = std::min(keys.size(), *expected + kAheadMax);
    for (size_t i = *expected; i < end; ++i) {
      if (!keys[i].Begins(json)) continue;
      *expected = i + 1;
      return &keys[i];
    }
    return nullptr;
  }
};

}  // namespace

struct CanonicalHasher::Memory {
  static constexpr size_t kKeyBytesMax = 128;

  std::span<const std::string> ignored;
  size_t keys_max = 0;  // kept, of all objects
  std::vector<std::string> ignored_kept{};
  KnownObject top{};
  KnownObject strange{};  // stays empty: inside of keys that are not kept
  size_t keys = 0;
  std::string unescaped{};

  bool Ignores(std::string_view key) const {
    return std::find(ignored.begin(), ignored.end(), key) != ignored.end();
  }
  // Null: there are enough.
  const KnownKey* Keep(KnownObject& object, size_t* expected, std::string_view text,
                       const Hash128& hash, bool counts);
};

const KnownKey* CanonicalHasher::Memory::Keep(KnownObject& object, size_t* expected,
                                              std::string_view text, const Hash128& hash,
                                              bool counts) {
  const bool full = keys == keys_max || object.keys.size() == KnownObject::kKeysMax;
  if (&object == &strange || full || text.size() > kKeyBytesMax) return nullptr;
  ++keys;
  KnownKey key(text);
  key.hash = hash;
  key.counts = counts;
  key.inside = std::make_unique<KnownObject>();
  const auto at = object.keys.begin() + static_cast<ptrdiff_t>((*expected)++);
  return &*object.keys.insert(at, std::move(key));
}

namespace {

// Of one document. False everywhere: it is no JSON.
template <typename Hash>
class Walk {
 public:
  Walk(std::string_view json, CanonicalHasher::Memory& memory) : scanner_(json), memory_(memory) {}

  bool Document(Hash128* out) { return Object(memory_.top, out) && scanner_.AtEnd(); }
  size_t place() const { return scanner_.place(); }

 private:
  struct Key {
    Hash128 hash;
    bool counts = true;
    KnownObject* inside = nullptr;
  };

  bool Object(KnownObject& known, Hash128* out) {
    if (!scanner_.Take('{') || ++depth_ > kDepthMax) return false;
    Hash128 sum = Hash::kObjectStart;
    size_t expected = 0;
    if (!scanner_.Take('}')) {
      do {
        if (!Member(known, &expected, &sum)) return false;
      } while (scanner_.Take(','));
      if (!scanner_.Take('}')) return false;
    }
    --depth_;
    *out = Hash::Object(sum);
    return true;
  }

  bool Member(KnownObject& known, size_t* expected, Hash128* sum) {
    scanner_.Peek();
    Key key;
    if (const KnownKey* const found = known.Find(scanner_.rest(), expected)) [[likely]] {
      scanner_.Skip(found->text.size());
      key = {found->hash, found->counts, found->inside.get()};
    } else if (!ReadKey(known, expected, &key)) {
      return false;
    }
    Hash128 value;
    if (!Value(*key.inside, &value)) return false;
    if (!key.counts) return true;
    // Addition does not care about order.
    const Hash128 part = Hash::Member(key.hash, value);
    sum->high += part.high;
    sum->low += part.low;
    return true;
  }

  bool ReadKey(KnownObject& known, size_t* expected, Key* key) {
    const std::string_view text = scanner_.rest();
    std::string_view name;
    if (!scanner_.TakeString(&name, &memory_.unescaped) || !scanner_.Take(':')) return false;
    key->hash = Hash::Key(name);
    key->counts = &known != &memory_.top || !memory_.Ignores(name);
    const size_t size = text.size() - scanner_.rest().size();
    const KnownKey* const kept =
        memory_.Keep(known, expected, text.substr(0, size), key->hash, key->counts);
    key->inside = kept == nullptr ? &memory_.strange : kept->inside.get();
    return true;
  }

  bool Array(KnownObject& inside, Hash128* out) {
    if (!scanner_.Take('[') || ++depth_ > kDepthMax) return false;
    *out = Hash::kArrayStart;
    if (!scanner_.Take(']')) {
      do {
        Hash128 element;
        if (!Value(inside, &element)) return false;
        *out = Hash::Element(*out, element);
      } while (scanner_.Take(','));
      if (!scanner_.Take(']')) return false;
    }
    --depth_;
    return true;
  }

  bool Value(KnownObject& inside, Hash128* out) {
    switch (scanner_.Peek()) {
      case '"': {
        std::string_view text;
        if (!scanner_.TakeString(&text, &memory_.unescaped)) return false;
        // The text of a document is followed by a quote and the rest of that; one that had escapes
        // stands elsewhere.
        const bool here = text.data() != memory_.unescaped.data();
        *out = Hash::Text(text, here ? text.size() + 1 + scanner_.rest().size() : text.size());
        return true;
      }
      case '{':
        return Object(inside, out);
      case '[':
        return Array(inside, out);
      case 't':
        *out = Hash::Flag(true);
        return scanner_.TakeWord("true");
      case 'f':
        *out = Hash::Flag(false);
        return scanner_.TakeWord("false");
      case 'n':
        *out = Hash::Null();
        return scanner_.TakeWord("null");
      default: {
        double number = 0;
        if (!scanner_.TakeNumber(&number)) return false;
        *out = Hash::Number(number == 0 ? 0.0 : number);  // -0 is 0
        return true;
      }
    }
  }

  JsonScanner scanner_;
  CanonicalHasher::Memory& memory_;
  int depth_ = 0;
};

template <typename Hash>
Result<Hash128> HashDocument(std::string_view json, CanonicalHasher::Memory& memory) {
  if (!simdjson::validate_utf8(json.data(), json.size())) {
    return DataLoss("not a JSON object: it is not UTF-8");
  }
  Walk<Hash> walk(json, memory);
  Hash128 hash;
  if (walk.Document(&hash)) return hash;
  return DataLoss(fmt::format("not a JSON object: it breaks at byte {}", walk.place()));
}

}  // namespace

CanonicalHasher::CanonicalHasher(std::span<const std::string> ignored_top_level)
    : memory_(std::make_unique<Memory>()) {
  memory_->ignored_kept.assign(ignored_top_level.begin(), ignored_top_level.end());
  memory_->ignored = memory_->ignored_kept;
  memory_->keys_max = kKeysMax;
}
CanonicalHasher::CanonicalHasher(CanonicalHasher&&) noexcept = default;
CanonicalHasher& CanonicalHasher::operator=(CanonicalHasher&&) noexcept = default;
CanonicalHasher::~CanonicalHasher() = default;

Result<Hash128> CanonicalHasher::Hash(std::string_view json) {
  return HashDocument<QuickHash>(json, *memory_);
}

// Keeping keys pays from the second document on.
Result<Hash128> CanonicalHash(std::string_view json,
                              std::span<const std::string> ignored_top_level) {
  CanonicalHasher::Memory memory{.ignored = ignored_top_level};
  return HashDocument<QuickHash>(json, memory);
}

Result<Hash128> DurableCanonicalHash(std::string_view json,
                                     std::span<const std::string> ignored_top_level) {
  CanonicalHasher::Memory memory{.ignored = ignored_top_level};
  return HashDocument<DurableHash>(json, memory);
}

}  // namespace spillway
