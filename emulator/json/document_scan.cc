#include "emulator/json/document_scan.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "emulator/json/value.h"

namespace spillway::emulator {
namespace {

namespace ondemand = simdjson::ondemand;

// Every number with this many characters or fewer reads back from a double unchanged.
constexpr size_t kExactNumberCharactersMax = 15;

constexpr std::array<std::string_view, 5> kSystemProperties = {"_rid", "_self", "_etag",
                                                               "_attachments", "_ts"};

bool IsSystemProperty(std::string_view name) {
  return !name.empty() && name[0] == '_' &&
         std::find(kSystemProperties.begin(), kSystemProperties.end(), name) !=
             kSystemProperties.end();
}

std::string_view TrimSpace(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Bytes of the text that are stored as something else; the replacement of a removed property is
// empty.
struct Edit {
  const char* begin;
  const char* end;
  std::string replacement;
};

// One pass over one document. Errors are simdjson's, turned into a Status by the caller.
class Scan {
 public:
  Scan(std::string_view text, ScannedDocument* out)
      : text_(text), has_escapes_(text.find('\\') != std::string_view::npos), out_(out) {}

  simdjson::error_code Document(ondemand::object object, const DocumentScanner::Node& root) {
    const char* removed_from = nullptr;
    for (auto field_result : object) {
      ondemand::field field;
      if (auto error = std::move(field_result).get(field)) return error;
      const char* key_begin = field.key().raw() - 1;
      if (removed_from != nullptr) edits_.push_back({removed_from, key_begin, ""});
      removed_from = nullptr;
      std::string_view name;
      if (auto error = Name(field, &name)) return error;
      const bool is_system = IsSystemProperty(name);
      if (is_system) removed_from = key_begin;
      ++out_->properties;
      if (auto error = TopLevel(name, field.value(), is_system, root)) return error;
    }
    const char* const end = text_.data() + text_.size() - 1;
    if (removed_from != nullptr) edits_.push_back({removed_from, end, ""});
    Compose(end);
    return simdjson::SUCCESS;
  }

 private:
  // The view is into the text, or into the parser's buffer when the key has escapes.
  simdjson::error_code Name(ondemand::field& field, std::string_view* name) {
    if (has_escapes_) return field.unescaped_key().get(*name);
    const char* begin = field.key().raw();
    const size_t size_max = text_.data() + text_.size() - begin;
    *name = std::string_view(begin,
                             static_cast<const char*>(std::memchr(begin, '"', size_max)) - begin);
    return simdjson::SUCCESS;
  }

  simdjson::error_code TopLevel(std::string_view name, ondemand::value value, bool is_system,
                                const DocumentScanner::Node& root) {
    const DocumentScanner::Node* node = Child(&root, name);
    if (is_system) keep_edits_ = false;
    simdjson::error_code error;
    if (name == "id") {
      ScannedValue id;
      error = Scalar(value, &id);
      if (auto* text = std::get_if<std::string>(&id)) out_->id = *text;
      out_->id_is_string = std::holds_alternative<std::string>(id);
      if (node != nullptr) Record(*node, id);
    } else if (name == "ttl") {
      ScannedValue ttl;
      error = Scalar(value, &ttl);
      const double* seconds = std::get_if<double>(&ttl);
      out_->has_ttl = true;
      out_->ttl_seconds = seconds ? *seconds : std::numeric_limits<double>::quiet_NaN();
      if (node != nullptr) Record(*node, ttl);
    } else {
      error = Walk(value, 1, node);
    }
    keep_edits_ = true;
    return error;
  }

  static const DocumentScanner::Node* Child(const DocumentScanner::Node* node,
                                            std::string_view name) {
    if (node == nullptr) return nullptr;
    for (const DocumentScanner::Node& child : node->children) {
      if (child.name == name) return &child;
    }
    return nullptr;
  }

  void Record(const DocumentScanner::Node& node, const ScannedValue& value) {
    for (const size_t index : node.watched) out_->watched[index] = value;
  }

  simdjson::error_code Walk(ondemand::value value, int depth, const DocumentScanner::Node* node) {
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    if (type != ondemand::json_type::object && type != ondemand::json_type::array) {
      if (node == nullptr) return Skip(value, type);
      ScannedValue scalar;
      if (auto error = Scalar(value, &scalar)) return error;
      Record(*node, scalar);
      return simdjson::SUCCESS;
    }
    if (depth >= kNestingMax) return simdjson::DEPTH_ERROR;
    if (node != nullptr) Record(*node, CompositeValue{});
    return type == ondemand::json_type::object ? WalkObject(value, depth, node)
                                               : WalkArray(value, depth);
  }

  simdjson::error_code WalkObject(ondemand::value value, int depth,
                                  const DocumentScanner::Node* node) {
    ondemand::object object;
    if (auto error = value.get_object().get(object)) return error;
    for (auto field_result : object) {
      ondemand::field field;
      if (auto error = std::move(field_result).get(field)) return error;
      const DocumentScanner::Node* child = nullptr;
      if (node != nullptr || has_escapes_) {
        std::string_view name;
        if (auto error = Name(field, &name)) return error;
        child = Child(node, name);
      }
      if (auto error = Walk(field.value(), depth + 1, child)) return error;
    }
    return simdjson::SUCCESS;
  }

  simdjson::error_code WalkArray(ondemand::value value, int depth) {
    ondemand::array array;
    if (auto error = value.get_array().get(array)) return error;
    for (auto item_result : array) {
      ondemand::value item;
      if (auto error = std::move(item_result).get(item)) return error;
      if (auto error = Walk(item, depth + 1, nullptr)) return error;
    }
    return simdjson::SUCCESS;
  }

  // Checks a scalar that nobody watches. Without escapes, simdjson's first stage has checked
  // strings.
  simdjson::error_code Skip(ondemand::value value, ondemand::json_type type) {
    if (type != ondemand::json_type::string) {
      ScannedValue ignored;
      return Scalar(value, &ignored);
    }
    if (has_escapes_) return value.get_string().error();
    return value.get_raw_json_string().error();
  }

  simdjson::error_code Scalar(ondemand::value value, ScannedValue* out) {
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    switch (type) {
      case ondemand::json_type::null:
        *out = cosmosdb::NullKey{};
        return Null(value);
      case ondemand::json_type::boolean: {
        bool boolean = false;
        const auto error = value.get_bool().get(boolean);
        *out = boolean;
        return error;
      }
      case ondemand::json_type::string: {
        std::string_view text;
        const auto error = value.get_string().get(text);
        *out = std::string(text);
        return error;
      }
      case ondemand::json_type::number: {
        double number = 0;
        const auto error = Number(value, &number);
        *out = number;
        return error;
      }
      case ondemand::json_type::object:
      case ondemand::json_type::array:
        *out = CompositeValue{};
        return Walk(value, 1, nullptr);
    }
    return simdjson::TAPE_ERROR;
  }

  static simdjson::error_code Null(ondemand::value value) {
    bool is_null = false;
    if (auto error = simdjson::simdjson_result<bool>(value.is_null()).get(is_null)) return error;
    return is_null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
  }

  simdjson::error_code Number(ondemand::value value, double* number) {
    const std::string_view token = TrimSpace(value.raw_json_token());
    if (auto error = value.get_double().get(*number)) return error;
    if (token.size() <= kExactNumberCharactersMax || !keep_edits_) return simdjson::SUCCESS;
    Edit edit{token.data(), token.data() + token.size(), ""};
    AppendJsonNumber(*number, &edit.replacement);
    edits_.push_back(std::move(edit));
    return simdjson::SUCCESS;
  }

  // The only copy of a document between the socket and the store.
  void Compose(const char* end) {
    const char* from = text_.data();
    out_->body.reserve(text_.size());
    for (const Edit& edit : edits_) {
      out_->body.append(from, edit.begin).append(edit.replacement);
      from = edit.end;
    }
    out_->body.append(from, end);
    size_t size = out_->body.find_last_not_of(" \t\r\n") + 1;
    // A comma is left over when the last property was removed.
    if (!edits_.empty() && out_->body[size - 1] == ',') --size;
    out_->body.resize(size);
  }

  const std::string_view text_;
  const bool has_escapes_;
  bool keep_edits_ = true;  // off inside a property that is removed as a whole
  std::vector<Edit> edits_;
  ScannedDocument* const out_;
};

}  // namespace

Result<std::vector<std::string>> ParsePropertyPath(std::string_view path) {
  const auto invalid = [&] {
    return InvalidArgument("The path '" + std::string(path) + "' is not a property path");
  };
  std::vector<std::string> names;
  size_t at = 0;
  while (at < path.size()) {
    if (path[at++] != '/' || at == path.size()) return invalid();
    const bool quoted = path[at] == '"';
    const size_t begin = quoted ? at + 1 : at;
    const size_t end = path.find(quoted ? '"' : '/', begin);
    if (quoted && end == std::string_view::npos) return invalid();
    names.emplace_back(path.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (names.back().empty()) return invalid();
    at = end == std::string_view::npos ? path.size() : quoted ? end + 1 : end;
  }
  if (names.empty()) return invalid();
  return names;
}

DocumentScanner::DocumentScanner(const std::vector<std::vector<std::string>>& watched_paths)
    : watched_count_(watched_paths.size()) {
  for (size_t i = 0; i < watched_paths.size(); ++i) {
    Node* node = &root_;
    for (const std::string& name : watched_paths[i]) {
      const auto found = std::find_if(node->children.begin(), node->children.end(),
                                      [&](const Node& child) { return child.name == name; });
      if (found == node->children.end()) {
        node = &node->children.emplace_back(Node{name, {}, {}});
      } else {
        node = &*found;
      }
    }
    node->watched.push_back(i);
  }
}

Result<ScannedDocument> DocumentScanner::Scan(std::string_view text) const {
  thread_local ondemand::parser parser;
  const std::string_view trimmed = TrimSpace(text);
  const size_t readable = text.data() + text.size() + kJsonPaddingBytes - trimmed.data();
  ScannedDocument scanned;
  scanned.watched.resize(watched_count_);
  ondemand::document document;
  ondemand::object object;
  simdjson::error_code error =
      parser.iterate(simdjson::padded_string_view(trimmed, readable)).get(document);
  if (!error) error = document.get_object().get(object);
  if (!error) error = emulator::Scan(trimmed, &scanned).Document(object, root_);
  if (!error && !document.current_location().error()) error = simdjson::TRAILING_CONTENT;
  if (error) return InvalidArgument(simdjson::error_message(error));
  return scanned;
}

}  // namespace spillway::emulator
