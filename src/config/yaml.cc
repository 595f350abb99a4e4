#include "config/yaml.h"

#include <fmt/format.h>
#include <libfyaml.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "config/problems.h"

namespace spillway {
namespace {

struct ParserDeleter {
  void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};
struct DiagDeleter {
  void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};

uint32_t CharactersIn(std::string_view text) {
  return static_cast<uint32_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// Builds the tree from libfyaml's events: no library object outlives the parse.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, std::string_view path) : text_(text), path_(path) {}

  Result<YamlNode> Build() {
    RETURN_IF_ERROR(Open());
    Result<YamlNode> root = BuildStream();
    // What the library says about broken text is more exact than what we saw of its effect.
    if (const Status syntax = SyntaxError(); !syntax.ok()) return syntax;
    return root;
  }

 private:
  class Event {
   public:
    Event(fy_parser* parser, fy_event* event) : parser_(parser), event_(event) {}
    ~Event() {
      if (event_ != nullptr) fy_parser_event_free(parser_, event_);
    }
    Event(Event&& other) noexcept
        : parser_(other.parser_), event_(std::exchange(other.event_, nullptr)) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    Event& operator=(Event&&) = delete;

    fy_event_type type() const { return event_ == nullptr ? FYET_NONE : event_->type; }
    fy_event* get() const { return event_; }

   private:
    fy_parser* parser_;
    fy_event* event_;
  };

  Status Open() {
    fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = nullptr;
    diag_config.output_fn = [](fy_diag*, void*, const char*, size_t) {};
    diag_.reset(fy_diag_create(&diag_config));
    if (!diag_) return Internal("libfyaml gave no diagnostics object");
    fy_diag_set_collect_errors(diag_.get(), true);
    fy_parse_cfg config{};
    config.flags = FYPCF_QUIET;
    config.diag = diag_.get();
    parser_.reset(fy_parser_create(&config));
    if (!parser_ || fy_parser_set_string(parser_.get(), text_.data(), text_.size()) != 0) {
      return Internal("libfyaml gave no parser");
    }
    return Status::Ok();
  }

  Event Next() { return {parser_.get(), fy_parser_parse(parser_.get())}; }

  Result<YamlNode> BuildStream() {
    YamlNode root;
    root.kind = YamlNode::Kind::kMap;
    root.place = {1, 1, 1};
    uint32_t documents = 0;
    for (;;) {
      const Event event = Next();
      if (event.type() == FYET_NONE || event.type() == FYET_STREAM_END) return root;
      if (event.type() != FYET_DOCUMENT_START) continue;
      if (++documents > 1) {
        return Refuse(PlaceOf(event.get()), "a second document starts here (`---`)",
                      "keep one document in the file");
      }
      ASSIGN_OR_RETURN(YamlNode content, BuildNode(Next(), 0));
      if (!content.is_null()) root = std::move(content);
    }
  }

  Result<YamlNode> BuildNode(Event event, uint32_t depth) {
    RETURN_IF_ERROR(RefuseSurprises(event.get()));
    YamlNode node;
    node.place = PlaceOf(event.get());
    if (depth > kYamlDepthMax) {
      return Refuse(node.place, fmt::format("more than {} levels of nesting", kYamlDepthMax), {});
    }
    switch (event.type()) {
      case FYET_SCALAR:
        return BuildScalar(event.get(), std::move(node));
      case FYET_SEQUENCE_START:
        return BuildList(std::move(node), depth);
      case FYET_MAPPING_START:
        return BuildMap(std::move(node), depth);
      default:
        return InvalidArgument(fmt::format("{}: this is not YAML", path_));
    }
  }

  static Result<YamlNode> BuildScalar(fy_event* event, YamlNode node) {
    fy_token* token = event->scalar.value;
    size_t size = 0;
    const char* text = token == nullptr ? nullptr : fy_token_get_text(token, &size);
    if (text != nullptr) node.text.assign(text, size);
    const fy_scalar_style style = token == nullptr ? FYSS_PLAIN : fy_token_scalar_style(token);
    node.plain = style == FYSS_PLAIN;
    // The library's mark stands behind the opening quote.
    const bool quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    if (quoted && node.place.column > 1) --node.place.column;
    const bool one_line = node.text.find('\n') == std::string::npos;
    node.place.width = one_line ? std::max(1u, CharactersIn(node.text) + (node.plain ? 0 : 2)) : 1;
    return node;
  }

  Result<YamlNode> BuildList(YamlNode node, uint32_t depth) {
    node.kind = YamlNode::Kind::kList;
    for (;;) {
      Event event = Next();
      if (event.type() == FYET_SEQUENCE_END || event.type() == FYET_NONE) return node;
      ASSIGN_OR_RETURN(YamlNode item, BuildNode(std::move(event), depth + 1));
      node.items.push_back(std::move(item));
    }
  }

  Result<YamlNode> BuildMap(YamlNode node, uint32_t depth) {
    node.kind = YamlNode::Kind::kMap;
    for (;;) {
      Event event = Next();
      if (event.type() == FYET_MAPPING_END || event.type() == FYET_NONE) return node;
      const bool scalar = event.type() == FYET_SCALAR;
      ASSIGN_OR_RETURN(YamlNode key, BuildNode(std::move(event), depth + 1));
      if (!scalar) return Refuse(key.place, "a key must be a word", {});
      if (node.Find(key.text) != nullptr) return RefuseDuplicate(node, key);
      ASSIGN_OR_RETURN(YamlNode value, BuildNode(Next(), depth + 1));
      if (value.is_null() && value.text.empty()) value.place = key.place;
      node.entries.push_back({std::move(key.text), key.place, std::move(value)});
    }
  }

  Status RefuseDuplicate(const YamlNode& map, const YamlNode& key) const {
    uint32_t first = 0;
    for (const YamlEntry& entry : map.entries) {
      if (entry.key == key.text) first = entry.key_place.line;
    }
    return Refuse(key.place, fmt::format("duplicate key `{}`", key.text),
                  fmt::format("it is already given in line {}: keep one of the two", first));
  }

  // Anchors, aliases and tags make a file mean something else than it says; none is needed here.
  Status RefuseSurprises(fy_event* event) const {
    if (event == nullptr) return Status::Ok();
    if (event->type == FYET_ALIAS) {
      return Refuse(PlaceOf(event), "YAML aliases (`*name`) are not supported",
                    "write the value out");
    }
    if (fy_event_get_anchor_token(event) != nullptr) {
      return Refuse(PlaceOf(event), "YAML anchors (`&name`) are not supported",
                    "write the value out");
    }
    if (fy_event_get_tag_token(event) != nullptr) {
      return Refuse(PlaceOf(event), "YAML tags (`!name`) are not supported",
                    "write the plain value");
    }
    return Status::Ok();
  }

  static YamlPlace PlaceOf(fy_event* event) {
    const fy_mark* mark = event == nullptr ? nullptr : fy_event_start_mark(event);
    if (mark == nullptr) return {};
    return {static_cast<uint32_t>(mark->line + 1), static_cast<uint32_t>(mark->column + 1), 1};
  }

  Status SyntaxError() const {
    void* cursor = nullptr;
    const fy_diag_error* error = fy_diag_errors_iterate(diag_.get(), &cursor);
    if (error == nullptr) return Status::Ok();
    const YamlPlace place{static_cast<uint32_t>(std::max(0, error->line)),
                          static_cast<uint32_t>(std::max(0, error->column)), 1};
    if (std::string_view(error->msg).find("duplicate key") != std::string_view::npos) {
      return Refuse(place, "duplicate key", "keep one of the two");
    }
    return Refuse(place, fmt::format("this is not YAML: {}", error->msg), {});
  }

  Status Refuse(YamlPlace place, std::string message, std::string advice) const {
    return InvalidArgument(
        RenderProblem({place, std::move(message), std::move(advice)}, path_, text_));
  }

  std::string_view text_;
  std::string_view path_;
  std::unique_ptr<fy_diag, DiagDeleter> diag_;
  std::unique_ptr<fy_parser, ParserDeleter> parser_;  // after diag_: destroyed first
};

}  // namespace

bool YamlNode::is_null() const {
  return is_scalar() && plain && (text.empty() || text == "~" || text == "null");
}

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Result<YamlDocument> ParseYaml(std::string text, std::string path) {
  if (text.size() > kYamlBytesMax) {
    return InvalidArgument(fmt::format("{}: larger than {} MiB", path, kYamlBytesMax >> 20));
  }
  YamlDocument document{std::move(path), std::move(text), {}};
  ASSIGN_OR_RETURN(document.root, TreeBuilder(document.text, document.path).Build());
  return document;
}

Result<YamlDocument> ReadYaml(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return InvalidArgument(fmt::format("cannot read {}", path));
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return InvalidArgument(fmt::format("cannot read {}", path));
  return ParseYaml(std::move(text).str(), path);
}

}  // namespace spillway
