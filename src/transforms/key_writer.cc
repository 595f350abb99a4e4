#include "transforms/key_writer.h"

#include <emmintrin.h>
#include <fmt/format.h>

#include <charconv>

#include "json/document_key.h"
#include "json/number_text.h"

namespace spillway {
namespace {

const char* const kHex = "0123456789ABCDEF";

uint8_t Index(char c) {
  return static_cast<uint8_t>(c);
}

// The beginning of a long text, cut between characters.
std::string Clip(std::string_view text) {
  constexpr size_t kBytesMax = 64;
  if (text.size() <= kBytesMax) return std::string(text);
  size_t end = kBytesMax;
  while ((text[end] & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace

KeyWriter::KeyWriter(const DocumentPlan* plan, const std::vector<ColumnView>* columns,
                     ValueWriter* values, JsonBuffer* out)
    : plan_(*plan), columns_(*columns), values_(*values), out_(*out) {
  for (const char c : plan_.limits.id_forbidden) forbidden_[Index(c)] = true;
  const bool joined = plan_.id.size() > 1;
  const bool percent = plan_.id_escaping == IdEscaping::kPercent;
  if (percent) std::copy(std::begin(forbidden_), std::end(forbidden_), std::begin(escaped_));
  if (joined) escaped_[Index(plan_.id_separator[0])] = true;
  if (joined || percent) escaped_[Index('%')] = true;
  escapes_any_ = joined || percent;
  for (const KeyComponent& component : plan_.partition_key) key_is_id_ |= component.is_id;
}

bool KeyWriter::WriteKey(int64_t row, size_t* partition_key_end) {
  if (key_is_id_) {
    const size_t start = out_.size();
    if (!WriteId(row)) return false;
    out_.Truncate(start);
  }
  if (!WritePartitionKey(row)) return false;
  *partition_key_end = out_.size();
  out_.Append({&kKeySeparator, 1});
  if (!key_is_id_) return WriteId(row);
  out_.Append(id_);
  return true;
}

void KeyWriter::OpenDocument(size_t id_begin, size_t id_end) {
  constexpr std::string_view kOpen = "{\"id\":";
  constexpr size_t kEscapeBytesMax = 6;
  // Room for the worst case, so that the buffer, and the id in it, stays where it is.
  out_.Ensure(kOpen.size() + (id_end - id_begin + 2) * kEscapeBytesMax);
  out_.PutText(kOpen);
  out_.AppendString(out_.Written(id_begin).substr(0, id_end - id_begin));
  out_.Append(",");
}

bool KeyWriter::WriteIdPart(const IdPart& part, int64_t row) {
  const ColumnView& column = columns_[part.column];
  if (column.IsNull(row)) return values_.Refuse(part.value, "id_null", "an id cannot be null");
  const size_t start = out_.size();
  if (!values_.WriteKeyText(part.value, column, row)) return false;
  if (escapes_any_) EscapeFrom(start);
  return true;
}

void KeyWriter::EscapeFrom(size_t start) {
  const std::string_view text = out_.Written(start);
  scratch_.clear();
  for (const char c : text) {
    if (escaped_[Index(c)]) {
      scratch_ += {'%', kHex[Index(c) >> 4], kHex[Index(c) & 15]};
    } else {
      scratch_ += c;
    }
  }
  if (scratch_.size() == text.size()) return;
  out_.Truncate(start);
  out_.Append(scratch_);
}

bool KeyWriter::WriteId(int64_t row) {
  const size_t start = out_.size();
  for (size_t i = 0; i < plan_.id.size(); ++i) {
    if (i > 0) out_.Append(plan_.id_separator);
    if (!WriteIdPart(plan_.id[i], row)) return false;
  }
  if (key_is_id_) id_ = out_.Written(start);
  return CheckId(start);
}

// Sixteen bytes at a step; the last step overlaps the one before it.
bool KeyWriter::HoldsForbidden(std::string_view id) const {
  const std::string& forbidden = plan_.limits.id_forbidden;
  if (id.size() < sizeof(__m128i)) {
    bool any = false;
    for (const char c : id) any |= forbidden_[Index(c)];
    return any;
  }
  __m128i any = _mm_setzero_si128();
  const auto look = [&](const char* at) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    for (const char c : forbidden) any = _mm_or_si128(any, _mm_cmpeq_epi8(block, _mm_set1_epi8(c)));
  };
  for (size_t i = 0; i + sizeof(__m128i) <= id.size(); i += sizeof(__m128i)) look(id.data() + i);
  look(id.data() + id.size() - sizeof(__m128i));
  return _mm_movemask_epi8(any) != 0;
}

bool KeyWriter::CheckId(size_t start) {
  const std::string_view id = out_.Written(start);
  const ValuePlan& plan = plan_.id[0].value;
  if (id.empty()) return values_.Refuse(plan, "id_empty", "an id cannot be empty");
  if (id.size() > plan_.limits.id_bytes_max) {
    return values_.Refuse(plan, "id_too_long",
                          fmt::format("the id \"{}\" has {} bytes; the destination takes {}",
                                      Clip(id), id.size(), plan_.limits.id_bytes_max));
  }
  for (const char c : id) {
    if (!forbidden_[Index(c)]) [[likely]]
      continue;
    return values_.Refuse(
        plan, "id_forbidden_character",
        fmt::format("the id \"{}\" holds {}, which the destination cannot read back; percent "
                    "escaping of ids keeps such a row",
                    Clip(id),
                    Index(c) < 0x20 || c == 0x7f ? fmt::format("the character {:#04x}", Index(c))
                                                 : fmt::format("'{}'", c)));
  }
  return true;
}

bool KeyWriter::WritePartitionKey(int64_t row) {
  out_.Append("[");
  for (const KeyComponent& component : plan_.partition_key) {
    const size_t start = out_.size();
    if (component.is_id) {
      out_.AppendString(id_);
    } else if (!WriteComponent(component, row)) {
      return false;
    }
    if (!CheckComponentSize(component, start)) return false;
    out_.Append(",");
  }
  out_.Ensure(1);
  out_.Close(']');
  return true;
}

bool KeyWriter::WriteComponent(const KeyComponent& component, int64_t row) {
  const ColumnView* view = &columns_[component.column];
  for (const uint32_t member : component.members) {
    if (view->IsNull(row)) {
      out_.Append("{}");
      return true;
    }
    view = &view->child(member);
  }
  const ValuePlan& plan = component.value;
  if (plan.policy.nulls == NullPolicy::kOmit && ValueWriter::IsNull(plan, *view, row)) {
    out_.Append("{}");
    return true;
  }
  const size_t start = out_.size();
  if (!values_.WriteValue(plan, *view, row)) return false;
  if (plan.check_exact) NormaliseNumber(plan, start);
  return true;
}

// A store of doubles routes by the double, so its key is the double's text: what
// CanonicalPartitionKey makes of it.
void KeyWriter::NormaliseNumber(const ValuePlan& plan, size_t start) {
  const std::string_view text = out_.Written(start);
  const bool wide = plan.type == ColumnType::kInt64 || plan.type == ColumnType::kUInt64 ||
                    plan.type == ColumnType::kDecimal128 || plan.type == ColumnType::kFloat32 ||
                    plan.type == ColumnType::kTimestamp;
  if (!wide || text[0] == '"' || text[0] == 'n') return;
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  out_.Truncate(start);
  out_.Ensure(kNumberBytesMax);
  out_.set_end(WriteDouble(value, out_.end()));
}

bool KeyWriter::CheckComponentSize(const KeyComponent& component, size_t start) {
  const std::string_view text = out_.Written(start);
  if (text.size() <= plan_.limits.partition_key_bytes_max) [[likely]]
    return true;
  // The limit is for the value, not for its JSON form: count without quotes and escapes.
  size_t bytes = text.size();
  if (text[0] == '"') {
    bytes -= 2;
    for (size_t i = 1; i + 1 < text.size(); ++i) {
      if (text[i] != '\\') continue;
      const size_t escape_bytes = text[i + 1] == 'u' ? 6 : 2;
      bytes -= escape_bytes - 1;
      i += escape_bytes - 1;
    }
  }
  if (bytes <= plan_.limits.partition_key_bytes_max) return true;
  return values_.Refuse(component.is_id ? plan_.id[0].value : component.value,
                        "partition_key_too_long",
                        fmt::format("the partition key has {} bytes; the destination takes {}",
                                    bytes, plan_.limits.partition_key_bytes_max));
}

bool KeyWriter::WriteEtag(int64_t row) {
  const ColumnView& column = columns_[*plan_.etag_column];
  return column.IsNull(row) || values_.WriteKeyText(plan_.etag, column, row);
}

}  // namespace spillway
