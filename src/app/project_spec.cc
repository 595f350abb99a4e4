#include "app/project_spec.h"

#include <fmt/format.h>

#include <charconv>

#include "app/schema.h"
#include "base/json_writer.h"
#include "connectors.h"
#include "json/json_tree.h"

namespace spillway {
namespace {

class RawType : public Type<RawSection> {
 public:
  using Describer = void (*)(JsonWriter&);
  explicit RawType(Describer schema) : schema_(schema) {}
  void Read(const YamlNode& node, const Reading& reading, RawSection& target) const override {
    target = {&node, reading.owner};
  }
  std::string Format(const RawSection&) const override { return {}; }
  std::string Describe() const override { return "map"; }
  void WriteSchema(JsonWriter& json) const override { schema_(json); }

 private:
  Describer schema_;
};

TypePtr<RawSection> Raw(RawType::Describer schema) {
  return std::make_shared<RawType>(schema);
}

// A local file, or whatever connector can keep documents of ours.
std::vector<Word<StateKind>> StoreWords() {
  std::vector<Word<StateKind>> words = {{"sqlite", StateKind::kSqlite, "a local file"}};
  for (const ConnectorType& connector : Connectors()) {
    if (!connector.open_table) continue;
    words.push_back({connector.name, StateKind::kConnection,
                     "a container beside the data, so that another machine can go on"});
  }
  return words;
}

const Spec<StateSection>& StateSpec() {
  static const auto spec =
      Spec<StateSection>("Where progress, runs and rejected rows are kept.")
          .Field(&StateSection::store, "store", "The kind of store.",
                 OneOf<StateKind>(StoreWords()))
          .Field(&StateSection::path, "path",
                 "Of `sqlite`: the file. Its folder is made when missing, readable by its owner "
                 "alone; what a run spills goes beside it.",
                 Text())
          .Field(&StateSection::connection, "connection",
                 "Of the other stores: the connection whose account keeps it.", Text())
          .Example("shop")
          .Field(&StateSection::database, "database", "The database; left out: the connection's.",
                 Text())
          .Field(&StateSection::container, "container",
                 "A container for state alone: made when missing, with the partition key "
                 "`/partition`.",
                 Text());
  return spec;
}

const Spec<IdSection>& IdSpec() {
  static const auto escaping = OneOf<IdEscaping>(
      {{"reject", IdEscaping::kReject, "reject the row"},
       {"percent", IdEscaping::kPercent, "write %XX for the character and for % itself"}});
  static const auto spec =
      Spec<IdSection>("How a document's id is made.")
          .Field(&IdSection::columns, "columns", "The columns, in order.", TextList(true))
          .Required()
          .Example("[region, number]")
          .Field(&IdSection::separator, "separator", "Stands between several columns.", Text())
          .Field(&IdSection::escaping, "escaping",
                 "What happens to characters that the destination cannot read back in an id.",
                 escaping);
  return spec;
}

// `id: sku`, `id: [region, number]` or the whole section.
class IdType : public Type<IdSection> {
 public:
  void Read(const YamlNode& node, const Reading& reading, IdSection& target) const override {
    if (node.is_map()) return IdSpec().Read(node, reading, target);
    columns_->Read(node, reading, target.columns);
  }
  std::string Format(const IdSection&) const override { return "id"; }
  std::string Describe() const override { return "column, list of columns, or a map"; }
  void WriteSchema(JsonWriter& json) const override {
    json.Key("anyOf").BeginArray().BeginObject();
    columns_->WriteSchema(json);
    json.EndObject().BeginObject();
    IdSpec().WriteSchema(json);
    json.EndObject().EndArray();
  }
  const ObjectSpec* nested() const override { return &IdSpec(); }

 private:
  TypePtr<std::vector<std::string>> columns_ = TextList(true);
};

// A scalar as JSON: unquoted true, false and numbers as such, everything else as text.
class ScalarType : public Type<std::string> {
 public:
  void Read(const YamlNode& node, const Reading& reading, std::string& target) const override {
    const std::string* text = ReadScalar(node, reading, Describe());
    if (text == nullptr) return;
    target = node.plain && IsJsonScalar(*text) ? *text : JsonQuoted(*text);
  }
  std::string Format(const std::string& value) const override { return value; }
  bool prints_json() const override { return true; }
  std::string Describe() const override { return "true, false, a number or text"; }
  void WriteSchema(JsonWriter& json) const override {
    json.Key("type").BeginArray().String("boolean").String("number").String("string").EndArray();
  }

 private:
  static bool IsJsonScalar(const std::string& text) {
    const Result<JsonNode> parsed = ParseJsonTree("[" + text + "]");
    if (!parsed.ok() || parsed->elements.size() != 1) return false;
    const JsonNode::Kind kind = parsed->elements.front().kind;
    return kind == JsonNode::Kind::kTrue || kind == JsonNode::Kind::kFalse ||
           kind == JsonNode::Kind::kNumber;
  }
};

void CheckSoftDelete(const YamlNode& node, const Reading& reading, const SoftDelete& mark) {
  const auto problem = [&](std::string message, std::string advice) {
    const YamlNode* field = node.Find("field");
    reading.problems.Add(field == nullptr ? reading.owner : field->place, std::move(message),
                         std::move(advice));
  };
  const bool one_name = !mark.field.empty() && mark.field.find_first_of("./") == std::string::npos;
  if (!one_name) {
    problem(fmt::format("`{}` is not a name at the top level of a document", mark.field),
            "write one name, such as `deleted`");
  } else if (mark.field == "id") {
    problem("`id` names the document and cannot mark it", "write another, such as `deleted`");
  }
}

const Spec<SoftDelete>& SoftDeleteSpec() {
  static const auto spec =
      Spec<SoftDelete>("What marks a document whose row is gone.")
          .Field(&SoftDelete::field, "field",
                 "A name at the top level of the document that no column fills.", Text())
          .Required()
          .Example("deleted")
          .Field(&SoftDelete::value, "value", "What it is set to.",
                 TypePtr<std::string>(std::make_shared<ScalarType>()))
          .Check(CheckSoftDelete);
  return spec;
}

const Spec<ModeSection>& ModeSpec() {
  static const auto spec =
      Spec<ModeSection>("A mode that has to know more than its name.")
          .Field(&ModeSection::soft_delete, "soft_delete",
                 "As `mirror`, but the document of a row that is gone stays and is marked: the"
                 " field is set. A row that comes back writes its document anew, without the mark.",
                 Nested(SoftDeleteSpec()))
          .Required()
          .Example("{field: deleted, value: true}");
  return spec;
}

class ModeType : public NestedType<ModeSection> {
 public:
  using NestedType::NestedType;
  void Read(const YamlNode& node, const Reading& reading, ModeSection& target) const override {
    if (!node.is_scalar() || node.text != "soft_delete") {
      return NestedType::Read(node, reading, target);
    }
    reading.problems.Add(node.place,
                         fmt::format("`{}: soft_delete` does not say which field", reading.where),
                         "write `mode: {soft_delete: {field: deleted, value: true}}`");
  }
};

TypePtr<ModeSection> Mode() {
  const auto word = [](const char* text, WriteMode mode, const char* doc) {
    return Word<ModeSection>{text, {.word = mode, .soft_delete = std::nullopt}, doc};
  };
  return std::make_shared<ModeType>(
      ModeSpec(),
      std::vector<Word<ModeSection>>{
          word("mirror", WriteMode::kMirror, "upsert, and delete what is deleted"),
          word("upsert", WriteMode::kUpsert, "upsert, never delete"),
          word("append", WriteMode::kAppend, "create; leave what exists"),
          word("update", WriteMode::kUpdate, "replace what exists; leave what is missing"),
          word("upsert_if_not_modified", WriteMode::kUpsertIfNotModified,
               "the row's _etag decides; without one: create"),
          word("patch", WriteMode::kPatch, "set the given fields of an existing document"),
          word("patch_if_exists", WriteMode::kPatchIfExists,
               "the same; a missing document is left"),
          word("merge_fields", WriteMode::kMergeFields, "read, merge the given fields, write"),
          word("delete", WriteMode::kDelete, "every row names a document to delete"),
          word("delete_if_not_modified", WriteMode::kDeleteIfNotModified,
               "the same, only while the row's _etag is current")},
      std::vector<LaterWord>{});
}

// `delete_guard`: "10%" or off.
class DeleteGuardType : public Type<std::optional<Share>> {
 public:
  void Read(const YamlNode& node, const Reading& reading,
            std::optional<Share>& target) const override {
    const std::string* text = ReadScalar(node, reading, Describe());
    if (text == nullptr) return;
    if (*text == "off") {
      target.reset();
    } else if (const Result<Share> share = ParseShare(*text); share.ok()) {
      target = *share;
    } else {
      reading.problems.Add(node.place,
                           fmt::format("`{}` {}", reading.where, share.status().message()),
                           "write 10% or off");
    }
  }
  std::string Format(const std::optional<Share>& value) const override {
    return value ? FormatShare(*value) : "off";
  }
  std::string Describe() const override { return "a share or `off`"; }
  void WriteSchema(JsonWriter& json) const override { json.Field("type", "string"); }
};

// `max_rejected`: "0.1%" or a number of rows.
class RejectedBudgetType : public Type<RejectedBudget> {
 public:
  void Read(const YamlNode& node, const Reading& reading, RejectedBudget& target) const override {
    const std::string* text = ReadScalar(node, reading, Describe());
    if (text == nullptr) return;
    if (const Result<Share> share = ParseShare(*text); share.ok()) {
      target = {std::nullopt, share->value};
      return;
    }
    uint64_t rows = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), rows);
    if (error == std::errc() && end == text->data() + text->size()) {
      target = {rows, std::nullopt};
    } else {
      reading.problems.Add(
          node.place, fmt::format("`{}` must be {}, not `{}`", reading.where, Describe(), *text),
          "write 0.1% or 100");
    }
  }
  std::string Format(const RejectedBudget& value) const override {
    if (value.rows) return std::to_string(*value.rows);
    return value.share ? FormatShare({*value.share}) : std::string();
  }
  std::string Describe() const override { return "a number of rows or a share"; }
  void WriteSchema(JsonWriter& json) const override {
    json.Key("type").BeginArray().String("integer").String("string").EndArray();
  }
};

TypePtr<NullPolicy> Nulls() {
  return OneOf<NullPolicy>({{"keep", NullPolicy::kKeep, "write null"},
                            {"omit", NullPolicy::kOmit, "leave the field out"}});
}
TypePtr<TimestampPolicy> Timestamps() {
  return OneOf<TimestampPolicy>(
      {{"iso8601", TimestampPolicy::kIso8601, "text"},
       {"epoch_ms", TimestampPolicy::kEpochMillis, "milliseconds since 1970 as a number"},
       {"epoch_us", TimestampPolicy::kEpochMicros, "microseconds since 1970 as a number"}});
}
TypePtr<DecimalPolicy> Decimals() {
  return OneOf<DecimalPolicy>({{"number", DecimalPolicy::kNumber, "a JSON number"},
                               {"string", DecimalPolicy::kString, "text"}});
}
TypePtr<InexactNumberPolicy> InexactNumbers() {
  return OneOf<InexactNumberPolicy>({{"reject", InexactNumberPolicy::kReject, "reject the row"},
                                     {"string", InexactNumberPolicy::kString, "write text"},
                                     {"number", InexactNumberPolicy::kNumber, "accept the loss"}});
}
TypePtr<NonFinitePolicy> NonFinite() {
  return OneOf<NonFinitePolicy>({{"reject", NonFinitePolicy::kReject, "reject the row"},
                                 {"null", NonFinitePolicy::kNull, "write null"},
                                 {"string", NonFinitePolicy::kString, "write the word"}});
}

const Spec<ColumnSection>& ColumnSpec() {
  static const auto spec =
      Spec<ColumnSection>("The policy of one column; what it leaves out is as in `documents`.")
          .Field(&ColumnSection::nulls, "nulls", "NULL.", Nulls())
          .Field(&ColumnSection::timestamps, "timestamps", "Timestamps and dates.", Timestamps())
          .Field(&ColumnSection::decimals, "decimals", "Decimals.", Decimals())
          .Field(&ColumnSection::inexact_numbers, "inexact_numbers",
                 "Numbers whose text does not survive a double.", InexactNumbers())
          .Field(&ColumnSection::non_finite, "non_finite", "NaN and the infinities.", NonFinite());
  return spec;
}

// `documents` holds its policy in a struct of its own: a view that adapts the members.
template <typename M>
class PolicyType : public Type<ValuePolicy> {
 public:
  PolicyType(M ValuePolicy::*member, TypePtr<M> inner)
      : member_(member), inner_(std::move(inner)) {}
  void Read(const YamlNode& node, const Reading& reading, ValuePolicy& target) const override {
    inner_->Read(node, reading, target.*member_);
  }
  std::string Format(const ValuePolicy& value) const override {
    return inner_->Format(value.*member_);
  }
  std::string Describe() const override { return inner_->Describe(); }
  void WriteSchema(JsonWriter& json) const override { inner_->WriteSchema(json); }
  std::vector<WordDoc> words() const override { return inner_->words(); }

 private:
  M ValuePolicy::*member_;
  TypePtr<M> inner_;
};

template <typename M>
TypePtr<ValuePolicy> Policy(M ValuePolicy::*member, TypePtr<M> inner) {
  return std::make_shared<PolicyType<M>>(member, std::move(inner));
}

}  // namespace

const Spec<ProjectSection>& ProjectSpec() {
  static const auto spec =
      Spec<ProjectSection>("The whole of spillway.yaml.")
          .Field(&ProjectSection::version, "version", "Of this dialect.", Integer(1, 1))
          .Required()
          .Example("1")
          .Field(&ProjectSection::connections, "connections",
                 "Named sources and destinations. A name is letters, digits, `-` and `_`.",
                 Raw(&WriteConnectionsSchema))
          .Required()
          .Example("{lake: {type: delta, root: ./lake}}")
          .Field(&ProjectSection::state, "state", "Where progress is kept.", Nested(StateSpec()))
          .Example("{store: sqlite, path: .spillway/state.db}")
          .Field(&ProjectSection::memory, "memory",
                 "What a run may hold in memory, all queues and buffers together.",
                 Size({64ull << 20}, {1ull << 40}))
          .Field(&ProjectSection::pipelines, "pipelines",
                 "Named pipelines: source, documents, destination.", Raw(&WritePipelinesSchema))
          .Required()
          .Example("{products: {source: {connection: lake, table: products}, destination: {…}}}");
  return spec;
}

const Spec<ConnectionSection>& ConnectionSpec() {
  static const auto spec = Spec<ConnectionSection>("A named source or destination account.")
                               .Field(&ConnectionSection::type, "type", "What it is.", Text())
                               .Required()
                               .Example("delta");
  return spec;
}

const Spec<PipelineSection>& PipelineSpec() {
  static const auto spec =
      Spec<PipelineSection>("From a table to a container.")
          .Field(&PipelineSection::source, "source", "What is read.", Raw(&WriteSourceSchema))
          .Required()
          .Example("{connection: lake, table: products}")
          .Field(&PipelineSection::destination, "destination", "Where it goes.",
                 Raw(&WriteDestinationSchema))
          .Required()
          .Example("{connection: shop, container: products, partition_key: /category}")
          .Field(&PipelineSection::documents, "documents", "How a row becomes a document.",
                 Nested(DocumentsSpec()))
          .Example("{fields: {pricing.unit: price}, nulls: omit}")
          .Field(&PipelineSection::sync, "sync", "What a write means, and when a run stops.",
                 Nested(SyncSpec()))
          .Field(&PipelineSection::throughput, "throughput",
                 "How much of the destination's throughput the pipeline may use.",
                 Nested(ThroughputSpec()))
          .Example("{limit: 30%}")
          .Field(&PipelineSection::stamp, "stamp",
                 "A field of every document that says which run has written it.",
                 Nested(StampSpec()))
          .Example("{field: _spillway}")
          .Later("transforms",
                 "select and rename with source.columns, source.filter and documents.fields");
  return spec;
}

const Spec<SourceSection>& SourceSpec() {
  static const auto spec =
      Spec<SourceSection>("What is read.")
          .Field(&SourceSection::connection, "connection", "A name of `connections`.", Text())
          .Required()
          .Example("lake")
          .Field(&SourceSection::columns, "columns",
                 "The columns that go into the document; all when left out. Keys and the filter "
                 "may use "
                 "others.",
                 TextList(false))
          .Example("[id, name, price]")
          .Field(
              &SourceSection::filter, "filter",
              "Rows for which this is not true are left out and counted as filtered: comparisons, "
              "AND, OR, NOT, IN, IS NULL.",
              Text())
          .Example("\"price > 0\"");
  return spec;
}

const Spec<DestinationSection>& DestinationSpec() {
  static const auto spec =
      Spec<DestinationSection>("Where the documents go.")
          .Field(&DestinationSection::connection, "connection", "A name of `connections`.", Text())
          .Required()
          .Example("shop")
          .Field(&DestinationSection::id, "id", "What makes a document's id.",
                 TypePtr<IdSection>(std::make_shared<IdType>()))
          .Example("[region, number]")
          .Field(&DestinationSection::partition_key, "partition_key",
                 "The document's path that it is partitioned by; two or three paths make a "
                 "hierarchical "
                 "key.",
                 TextList(true))
          .Required()
          .Example("/category");
  return spec;
}

const Spec<DocumentsSection>& DocumentsSpec() {
  static const auto spec =
      Spec<DocumentsSection>("How a row becomes a document.")
          .Field(
              &DocumentsSection::fields, "fields",
              "Document fields and the columns that fill them: renames and nesting (`pricing.unit: "
              "price`). Columns not named keep their names.",
              TextMap())
          .Example("{pricing.unit: price}")
          .Field(&DocumentsSection::policy, "nulls", "What NULL becomes.",
                 Policy(&ValuePolicy::nulls, Nulls()))
          .Field(&DocumentsSection::policy, "timestamps", "What timestamps and dates become.",
                 Policy(&ValuePolicy::timestamps, Timestamps()))
          .Field(&DocumentsSection::policy, "decimals", "What decimals become.",
                 Policy(&ValuePolicy::decimals, Decimals()))
          .Field(&DocumentsSection::policy, "inexact_numbers",
                 "Integers and decimals whose text does not survive a double: 2^53+1 does not, "
                 "12.95 does.",
                 Policy(&ValuePolicy::inexact_numbers, InexactNumbers()))
          .Field(&DocumentsSection::policy, "non_finite", "What NaN and the infinities become.",
                 Policy(&ValuePolicy::non_finite, NonFinite()))
          .Field(&DocumentsSection::columns, "columns", "Other policies for single columns.",
                 NamedMap(ColumnSpec()))
          .Example("{created: {timestamps: epoch_ms}}");
  return spec;
}

const Spec<SyncSection>& SyncSpec() {
  static const auto changes = OneOf<ChangePolicy>(
      {{"auto", ChangePolicy::kAuto, "the best that each version of the table offers"},
       {"feed", ChangePolicy::kFeed, "the change data feed, or stop"},
       {"files", ChangePolicy::kFiles, "the files that each version added and removed"},
       {"diff", ChangePolicy::kDiff, "the files in which two versions differ"},
       {"index", ChangePolicy::kIndex,
        "the whole table, compared with an index of what was written: for tables whose log does "
        "not "
        "last"}});
  static const auto strategy = OneOf<StrategyKind>(
      {{"direct", StrategyKind::kDirect, "write into the container"}},
      {{"switch", "loading beside the live container comes with a later version: use `direct`"}});
  static const auto duplicates = OneOf<DuplicatePolicy>(
      {{"fail", DuplicatePolicy::kFail, "stop and name them"},
       {"last", DuplicatePolicy::kLast, "the last in the table's order wins"}});
  static const auto spec =
      Spec<SyncSection>("What a write means, and when a run stops.")
          .Field(&SyncSection::mode, "mode", "What a row does to its document.", Mode())
          .DefaultText("mirror")
          .Field(&SyncSection::changes, "changes",
                 "Where changes come from, after the initial load.", changes)
          .Field(
              &SyncSection::index, "index",
              "Keeps an index of what was written beside the state: then `auto` and `diff` compare "
              "the whole table with it when the table's log or old files are gone, or the table "
              "was created anew.",
              Boolean())
          .Field(&SyncSection::strategy, "strategy", "How an initial load reaches the container.",
                 strategy)
          .Field(
              &SyncSection::delete_guard, "delete_guard",
              "Changes that would delete more than this share of the documents, and at least 100, "
              "stop before the first write; `off` switches it off.",
              TypePtr<std::optional<Share>>(std::make_shared<DeleteGuardType>()))
          .Field(
              &SyncSection::max_rejected, "max_rejected",
              "More rejected rows than this stop the run: a number, or a share of the rows read.",
              TypePtr<RejectedBudget>(std::make_shared<RejectedBudgetType>()))
          .Field(&SyncSection::duplicates, "duplicates",
                 "What happens when two rows make the same document.", duplicates)
          .Field(
              &SyncSection::settle, "settle",
              "A request whose answer was lost reaches the destination within this time or never.",
              Duration(std::chrono::milliseconds(100), std::chrono::hours(1)))
          .Field(
              &SyncSection::poll, "poll",
              "A continuous sync asks for new versions at least this often; left out: every 5 ms "
              "on local files, every 10 s elsewhere.",
              Duration(std::chrono::milliseconds(0), std::chrono::hours(24)));
  return spec;
}

const Spec<StampSection>& StampSpec() {
  static const auto spec =
      Spec<StampSection>("Says who wrote a document.")
          .Field(&StampSection::field, "field",
                 "The name of a top-level field; no column may fill it, and no comparison counts "
                 "it. It gets the pipeline and the run: \"products/12\". Left out: none.",
                 Text())
          .Example("_spillway");
  return spec;
}

}  // namespace spillway
