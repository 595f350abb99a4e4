#include "json/document_key.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "json/json_buffer.h"
#include "json/json_scanner.h"
#include "json/number_text.h"

namespace spillway {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

namespace {

bool AppendComponent(JsonScanner* scanner, std::string* unescaped, JsonBuffer* out) {
  out->Ensure(kNumberBytesMax);
  const auto word = [&](std::string_view text) {
    out->PutText(text);
    return scanner->TakeWord(text);
  };
  switch (scanner->Peek()) {
    case '"': {
      std::string_view text;
      if (!scanner->TakeString(&text, unescaped)) return false;
      out->AppendString(text);
      return true;
    }
    case 'n':
      return word("null");
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case '{':
      out->PutText("{}");
      return scanner->Take('{') && scanner->Take('}');
    default: {
      double number = 0;
      if (!scanner->TakeNumber(&number)) return false;
      out->set_end(WriteDouble(number, out->end()));
      return true;
    }
  }
}

bool AppendComponents(JsonScanner* scanner, JsonBuffer* out) {
  std::string unescaped;
  if (!scanner->Take('[')) return false;
  out->Append("[");
  if (!scanner->Take(']')) {
    do {
      if (!AppendComponent(scanner, &unescaped, out)) return false;
      out->Append(",");
    } while (scanner->Take(','));
    if (!scanner->Take(']')) return false;
  }
  out->Ensure(1);
  out->Close(']');
  return scanner->AtEnd();
}

// One name of a path: in quotes, or up to the next slash. Advances `rest` past it.
Result<std::string> TakeName(std::string_view path, std::string_view* rest) {
  const auto broken = [&] {
    return InvalidArgument(fmt::format("partition key path \"{}\" is not like /name/name", path));
  };
  if (!rest->starts_with('/')) return broken();
  rest->remove_prefix(1);
  const bool quoted = rest->starts_with('"');
  if (quoted) rest->remove_prefix(1);
  const size_t end = quoted ? rest->find('"') : std::min(rest->find('/'), rest->size());
  if (end == std::string_view::npos || end == 0) return broken();
  std::string name(rest->substr(0, end));
  rest->remove_prefix(end + (quoted ? 1 : 0));
  return name;
}

}  // namespace

Hash128 DocumentIdentity(std::string_view partition_key, std::string_view id) {
  constexpr size_t kUsualBytesMax = 256;
  const size_t size = partition_key.size() + 1 + id.size();
  std::array<char, kUsualBytesMax> usual;
  std::string large;
  if (size > usual.size()) large.resize(size);
  char* const key = large.empty() ? usual.data() : large.data();
  std::copy(partition_key.begin(), partition_key.end(), key);
  key[partition_key.size()] = kKeySeparator;
  std::copy(id.begin(), id.end(), key + partition_key.size() + 1);
  return Murmur3x64_128({key, size});
}

Status CanonicalPartitionKey(std::string_view json_array, std::string* out) {
  out->clear();
  JsonBuffer buffer(out);
  JsonScanner scanner(json_array);
  const bool good = simdjson::validate_utf8(json_array.data(), json_array.size()) &&
                    AppendComponents(&scanner, &buffer);
  buffer.Finish();
  if (good) return Status::Ok();
  return DataLoss(fmt::format(
      "a partition key that is not an array of scalars: it breaks at byte {}", scanner.place()));
}

Result<std::string> CanonicalPartitionKey(std::string_view json_array) {
  std::string text;
  RETURN_IF_ERROR(CanonicalPartitionKey(json_array, &text));
  return text;
}

struct DocumentKeyReader::Parts {
  ondemand::parser parser;
  std::string padded;
  std::vector<std::vector<std::string>> paths;
  NumberForm form = NumberForm::kAsWritten;

  error_code AppendPath(ondemand::document& document, const std::vector<std::string>& names,
                        JsonBuffer* out);
  error_code AppendValue(ondemand::value value, JsonBuffer* out);
  error_code AppendNumber(ondemand::value value, JsonBuffer* out);
  error_code ReadAll(std::string_view json, JsonBuffer* key, std::string* id);
};

error_code DocumentKeyReader::Parts::AppendNumber(ondemand::value value, JsonBuffer* out) {
  std::string_view text = value.raw_json_token();
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\t' ||
                           text.back() == '\r')) {
    text.remove_suffix(1);
  }
  double number = 0;
  if (const error_code error = value.get_double().get(number)) return error;
  if (form == NumberForm::kAsWritten) {
    out->Append(text);
    return simdjson::SUCCESS;
  }
  out->Ensure(kNumberBytesMax);
  out->set_end(WriteDouble(number, out->end()));
  return simdjson::SUCCESS;
}

error_code DocumentKeyReader::Parts::AppendValue(ondemand::value value, JsonBuffer* out) {
  ondemand::json_type type;
  if (const error_code error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::number:
      return AppendNumber(value, out);
    case ondemand::json_type::string: {
      std::string_view text;
      if (const error_code error = value.get_string().get(text)) return error;
      out->AppendString(text);
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::boolean: {
      bool flag = false;
      if (const error_code error = value.get_bool().get(flag)) return error;
      out->Append(flag ? "true" : "false");
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::null: {
      bool is_null = false;
      if (const error_code error = value.is_null().get(is_null)) return error;
      out->Append("null");
      return is_null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
    default:
      return simdjson::INCORRECT_TYPE;
  }
}

error_code DocumentKeyReader::Parts::AppendPath(ondemand::document& document,
                                                const std::vector<std::string>& names,
                                                JsonBuffer* out) {
  document.rewind();
  ondemand::value value;
  auto found = document.find_field_unordered(names[0]).get(value);
  for (size_t i = 1; i < names.size() && !found; ++i) {
    found = value.find_field_unordered(names[i]).get(value);
  }
  // Nothing inside a scalar: the path is absent, as it is when a name is.
  const bool inside_scalar = found == simdjson::INCORRECT_TYPE && names.size() > 1;
  if (found == simdjson::NO_SUCH_FIELD || inside_scalar) {
    out->Append("{}");
    return simdjson::SUCCESS;
  }
  return found ? found : AppendValue(value, out);
}

error_code DocumentKeyReader::Parts::ReadAll(std::string_view json, JsonBuffer* key,
                                             std::string* id) {
  padded.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(json);
  ondemand::document document;
  const simdjson::padded_string_view view(padded.data(), padded.size(), padded.capacity());
  if (const error_code error = parser.iterate(view).get(document)) return error;
  std::string_view text;
  if (const error_code error = document.find_field_unordered("id").get_string().get(text)) {
    return error;
  }
  *id = text;
  for (const std::vector<std::string>& path : paths) {
    if (const error_code error = AppendPath(document, path, key)) return error;
    key->Append(",");
  }
  return simdjson::SUCCESS;
}

DocumentKeyReader::DocumentKeyReader(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
DocumentKeyReader::DocumentKeyReader(DocumentKeyReader&&) noexcept = default;
DocumentKeyReader& DocumentKeyReader::operator=(DocumentKeyReader&&) noexcept = default;
DocumentKeyReader::~DocumentKeyReader() = default;

Result<DocumentKeyReader> DocumentKeyReader::Make(std::span<const std::string> paths,
                                                  NumberForm form) {
  auto parts = std::make_unique<Parts>();
  parts->form = form;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(std::vector<std::string> names, ParsePartitionKeyPath(path));
    parts->paths.push_back(std::move(names));
  }
  return DocumentKeyReader(std::move(parts));
}

Status DocumentKeyReader::Read(std::string_view json, std::string* partition_key, std::string* id) {
  partition_key->clear();
  JsonBuffer key(partition_key);
  key.Append("[");
  const error_code error = parts_->ReadAll(json, &key, id);
  key.Ensure(1);
  key.Close(']');
  key.Finish();
  if (error == simdjson::SUCCESS) return Status::Ok();
  return DataLoss(fmt::format("the key of a stored document: {}", simdjson::error_message(error)));
}

Result<std::string> PartitionKeyOf(std::string_view json_document,
                                   std::span<const std::string> paths) {
  ASSIGN_OR_RETURN(DocumentKeyReader reader, DocumentKeyReader::Make(paths, NumberForm::kDouble));
  std::string key;
  std::string id;
  RETURN_IF_ERROR(reader.Read(json_document, &key, &id));
  return key;
}

Result<std::vector<std::string>> ParsePartitionKeyPath(std::string_view path) {
  std::vector<std::string> names;
  std::string_view rest = path;
  do {
    ASSIGN_OR_RETURN(std::string name, TakeName(path, &rest));
    names.push_back(std::move(name));
  } while (!rest.empty());
  return names;
}

}  // namespace spillway
