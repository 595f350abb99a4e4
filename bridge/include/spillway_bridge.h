/* The Delta kernel behind a C ABI: open a table, list the files of one version, read one file as
 * Arrow batches; read the log itself, and the files that a change names. Mechanism only: which
 * version, which files, in which order, what a commit means and what to do about a failure is the
 * caller's.
 *
 * Conventions
 *  - A function that can fail returns a BridgeCode and fills `error` when it is not BRIDGE_OK.
 *    The message is the caller's to free with bridge_error_free. No function unwinds or aborts.
 *  - Handles are opaque; each has one free function, which accepts null. A handle keeps alive
 *    what it was made from, so they may be freed in any order.
 *  - BridgeText that goes in is read during the call. BridgeText that comes out lives as long as
 *    the handle that it was asked of. UTF-8, not terminated.
 *  - Engines, snapshots, scans and cancellations may be used by several threads at once; a
 *    reader by one thread at a time. Never call from a signal handler or from a thread of the
 *    bridge's own.
 *  - Calls that take a cancellation block and end with BRIDGE_CANCELLED soon after it is
 *    requested. */
#ifndef SPILLWAY_BRIDGE_H_
#define SPILLWAY_BRIDGE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ArrowArray;
struct ArrowSchema;

#ifdef __cplusplus
extern "C" {
#endif

typedef enum BridgeCode {
  BRIDGE_OK = 0,
  BRIDGE_INVALID_ARGUMENT = 1,
  BRIDGE_TABLE_NOT_FOUND = 2,     /* nothing with a _delta_log at that location */
  BRIDGE_LOG_EMPTY = 3,           /* a _delta_log without a commit */
  BRIDGE_VERSION_NOT_FOUND = 4,   /* later than the latest, or cleaned up */
  BRIDGE_FEATURE_UNSUPPORTED = 5, /* the message names the table feature */
  BRIDGE_LOG_CORRUPT = 6,         /* the message names the commit where it is known */
  BRIDGE_FILE_MISSING = 7,        /* the log names a file that is not there */
  BRIDGE_FILE_CORRUPT = 8,        /* truncated, damaged, or of other types than the table */
  BRIDGE_PATH_ESCAPES = 9,        /* the log names a file outside of the table's root */
  BRIDGE_UNAUTHENTICATED = 10,
  BRIDGE_PERMISSION_DENIED = 11,
  BRIDGE_UNAVAILABLE = 12, /* the storage, after the retries that the options allow */
  BRIDGE_CANCELLED = 13,
  BRIDGE_INTERNAL = 14,
  BRIDGE_NOT_FOUND = 15 /* an object that nothing above gives a meaning to */
} BridgeCode;

typedef struct BridgeText {
  const char* data;
  size_t size;
} BridgeText;

typedef struct BridgeError {
  int32_t code;
  BridgeText message;
} BridgeError;

typedef struct BridgeOption {
  BridgeText key;
  BridgeText value;
} BridgeOption;

typedef struct BridgeCancellation BridgeCancellation;
typedef struct BridgeEngine BridgeEngine;
typedef struct BridgeSnapshot BridgeSnapshot;
typedef struct BridgeScan BridgeScan;
typedef struct BridgeReader BridgeReader;
typedef struct BridgeCommit BridgeCommit;
typedef struct BridgeLogFiles BridgeLogFiles;
typedef struct BridgeDefinition BridgeDefinition;

/* Frees the message and clears the struct. */
void bridge_error_free(BridgeError* error);

BridgeCancellation* bridge_cancellation_new(void);
/* Any thread, any number of times. There is no way back. */
void bridge_cancellation_request(const BridgeCancellation* cancellation);
void bridge_cancellation_free(BridgeCancellation* cancellation);

/* Where bearer tokens for abfss:// come from. `ask` is called on threads of the bridge, several at
 * once, for every request; it fills the reply with one of the two functions below before it
 * returns. `release` is called once, when nobody will ask any more (also when opening fails). */
typedef struct BridgeTokenReply BridgeTokenReply;
typedef struct BridgeTokenSource {
  void* context;
  void (*ask)(void* context, BridgeTokenReply* reply);
  void (*release)(void* context);
} BridgeTokenSource;
void bridge_token_give(BridgeTokenReply* reply, BridgeText token);
/* `code`: a BridgeCode; what is no class of its own for a storage is BRIDGE_UNAVAILABLE. */
void bridge_token_refuse(BridgeTokenReply* reply, int32_t code, BridgeText message);

/* Opens a location: a local path, or file://, s3:// (s3a://), abfss:// (az://), gs://. Makes no
 * request. Option keys are those of the object_store crate (aws_endpoint,
 * azure_storage_account_key, google_service_account_key …) and connect_timeout_ms,
 * request_timeout_ms, retries_max, retry_timeout_ms, remote_bytes_max (compressed bytes that one
 * reader of a remote file holds); an unknown key is an error. Plain http endpoints are accepted on
 * loopback only. `tokens` may be null; abfss:// then signs in as the options say. */
int32_t bridge_engine_open(BridgeText location, const BridgeOption* options, size_t option_count,
                           const BridgeTokenSource* tokens, BridgeEngine** engine,
                           BridgeError* error);
void bridge_engine_free(BridgeEngine* engine);

/* The last version at or before the time (ms since the epoch). BRIDGE_VERSION_NOT_FOUND when it is
 * before the first version that can be read. */
int32_t bridge_version_at(const BridgeEngine* engine, int64_t timestamp_ms,
                          const BridgeCancellation* cancellation, uint64_t* version,
                          BridgeError* error);

#define BRIDGE_VERSION_LATEST (-1)

int32_t bridge_snapshot_open(const BridgeEngine* engine, int64_t version,
                             const BridgeCancellation* cancellation, BridgeSnapshot** snapshot,
                             BridgeError* error);
void bridge_snapshot_free(BridgeSnapshot* snapshot);

/* A JSON object: location, version, timestamp_ms (or null), table_id, columns (name, type in
 * Delta's words, nullable, variant: holds one at any depth, widened_in_container: a type was
 * widened inside of an array or map, leaves: the simple values in it and in its structs, as path
 * and type), partition_columns, reader_version, writer_version, reader_features, writer_features
 * (both empty for protocols before table features), properties, change_feed, change_feed_since
 * (or null when the newest 100 commits do not tell), metadata and protocol (the two actions as a
 * log has them). */
BridgeText bridge_snapshot_details(const BridgeSnapshot* snapshot);

/* Lists the live files. `columns`: top-level names, none: all; the batches have them in table
 * order. `predicate`: empty, or JSON: {"op": "and"|"or", "operands": […]}, {"op":
 * "is_null"|"is_not_null", "column": [path]}, {"op": "eq"|"ne"|"lt"|"le"|"gt"|"ge", "column":
 * [path], "type": the column's, "value": text}. Values as in a log's partitionValues, except
 * date: days, timestamps: microseconds since the epoch. Only skips files and row groups that
 * cannot match; rows are not filtered. */
int32_t bridge_scan_open(const BridgeSnapshot* snapshot, const BridgeText* columns,
                         size_t column_count, BridgeText predicate,
                         const BridgeCancellation* cancellation, BridgeScan** scan,
                         BridgeError* error);
void bridge_scan_free(BridgeScan* scan);

/* The schema of every batch of this scan: a struct with one child per column. Each child's metadata
 * has the column's Delta type under "delta.type". */
int32_t bridge_scan_schema(const BridgeScan* scan, struct ArrowSchema* schema, BridgeError* error);

/* Which rows of a file a reader gives, and what they are images of. */
typedef enum BridgeRole {
  BRIDGE_ROWS_LIVE = 0,            /* those not under the deletion vector; new images */
  BRIDGE_ROWS_WERE_LIVE = 1,       /* the same; old images */
  BRIDGE_ROWS_BETWEEN_VECTORS = 2, /* those under one of two deletion vectors: old images where the
                                      later one has them, new ones where the earlier one has */
  BRIDGE_ROWS_OF_FEED = 3          /* all; the file's column _change_type tells the image */
} BridgeRole;

typedef struct BridgeFile {
  BridgeText path;               /* as in the log: relative, percent-encoded */
  BridgeText deletion_vector_id; /* empty: none */
  uint64_t size;                 /* bytes; 0: the log does not say */
  uint64_t records;              /* physical rows; valid when has_records */
  uint64_t deleted;              /* rows under the deletion vector */
  bool has_records;
  int32_t role; /* a BridgeRole */
} BridgeFile;

/* The files are in the log's order, which is not a contract: sort them. */
size_t bridge_scan_file_count(const BridgeScan* scan);
/* REQUIRES: index < count. */
void bridge_scan_file(const BridgeScan* scan, size_t index, BridgeFile* file);

/* Opens one file: reads its footer and its deletion vector. `cancellation` also stops later calls
 * of bridge_reader_next. */
int32_t bridge_reader_open(const BridgeScan* scan, size_t index,
                           const BridgeCancellation* cancellation, BridgeReader** reader,
                           BridgeError* error);
void bridge_reader_free(BridgeReader* reader);

typedef struct BridgeFileFacts {
  uint64_t physical_rows;
  uint64_t live_rows;        /* those that the file's role gives */
  uint64_t decoded_bytes;    /* of the projected columns of the whole file, as Arrow */
  bool decoded_bytes_exact;  /* false: a lower bound (dictionaries without size statistics) */
  uint64_t held_bytes;       /* about what reading holds at a time, besides the batches */
} BridgeFileFacts;

void bridge_reader_facts(const BridgeReader* reader, BridgeFileFacts* facts);

/* The next batch begins after the first `first_row` live rows; batches have at most `batch_rows`
 * rows (and end with their row group). REQUIRES: batch_rows > 0. Must come before the first
 * bridge_reader_next; costs the decoding of one page per column when it points into a row group. */
void bridge_reader_seek(BridgeReader* reader, uint64_t first_row, uint64_t batch_rows);

/* From now on only these of the live rows are there, in ascending order, and count as all of them:
 * for bridge_reader_seek and BridgeBatch::first_row too. What lies between them is not decoded
 * where few of a row group are wanted. Must come before bridge_reader_seek. */
void bridge_reader_select(BridgeReader* reader, const uint64_t* rows, size_t count);

typedef struct BridgeBatch {
  uint64_t first_row;    /* ordinal among the file's live rows */
  uint64_t bytes;        /* of the decoded batch */
  const uint8_t* images; /* per row: 0 new, 1 old; until bridge_reader_next or the end */
} BridgeBatch;

/* At the end of the file `array->release` is null. After a failure only bridge_reader_free is
 * allowed. The array owns its memory and outlives the reader. */
int32_t bridge_reader_next(BridgeReader* reader, struct ArrowArray* array, BridgeBatch* batch,
                           BridgeError* error);

/* ---- The log and what it changed ---- */

/* Reads `count` commit files of the log, at the same time and with one request each, into
 * `commits`: null where there is none. All or nothing when one of them fails. */
int32_t bridge_commits_read(const BridgeEngine* engine, uint64_t first_version, size_t count,
                            const BridgeCancellation* cancellation, BridgeCommit** commits,
                            BridgeError* error);
void bridge_commit_free(BridgeCommit* commit);

#define BRIDGE_COMMIT_PADDING 64

/* The file's bytes as they are, with BRIDGE_COMMIT_PADDING readable zeros behind them. */
BridgeText bridge_commit_content(const BridgeCommit* commit);
/* When the file was written, in ms since the epoch, as the storage says. */
int64_t bridge_commit_modified_ms(const BridgeCommit* commit);

typedef struct BridgeVersions {
  const uint64_t* data; /* ascending */
  size_t size;
} BridgeVersions;

/* Lists the commits and checkpoints of the log from a version on. A log that is not there is an
 * empty list. */
int32_t bridge_log_files_list(const BridgeEngine* engine, uint64_t from_version,
                              const BridgeCancellation* cancellation, BridgeLogFiles** files,
                              BridgeError* error);
void bridge_log_files_free(BridgeLogFiles* files);
BridgeVersions bridge_log_files_commits(const BridgeLogFiles* files);
BridgeVersions bridge_log_files_checkpoints(const BridgeLogFiles* files);

/* What a version says of its table, from the log's metaData and protocol actions (JSON objects).
 * BRIDGE_FEATURE_UNSUPPORTED when a table like that cannot be read. Makes no request. */
int32_t bridge_definition_open(const BridgeEngine* engine, BridgeText metadata, BridgeText protocol,
                               uint64_t version, BridgeDefinition** definition, BridgeError* error);
void bridge_definition_free(BridgeDefinition* definition);
/* As bridge_snapshot_details, without version, timestamp_ms and change_feed_since. */
BridgeText bridge_definition_details(const BridgeDefinition* definition);

typedef struct BridgeChangedFile {
  BridgeText path;                   /* as in the log */
  BridgeText partition_values;       /* a JSON object as in the log; empty: not said */
  BridgeText deletion_vector;        /* a JSON object as in the log; empty: none */
  BridgeText deletion_vector_before; /* of BRIDGE_ROWS_BETWEEN_VECTORS */
  uint64_t size;                     /* bytes; 0: the log does not say */
  int32_t role;                      /* a BridgeRole */
} BridgeChangedFile;

/* A scan of the files that a version changed, in the order given. Its batches have the columns of
 * `after`: those named in `columns` that it has (none named: all). Files of BRIDGE_ROWS_WERE_LIVE
 * were written under `before`; a column is found in them by its column mapping id where both
 * definitions have ids, else by its name; it is NULL where it was not there yet. `earlier`, a scan
 * of the version before with at least the partition columns, tells the partition values that the
 * log leaves out; null: they are not left out. Makes no request. */
int32_t bridge_changes_open(const BridgeDefinition* after, const BridgeDefinition* before,
                            const BridgeText* columns, size_t column_count,
                            const BridgeChangedFile* files, size_t file_count,
                            const BridgeScan* earlier, BridgeScan** changes, BridgeError* error);

/* A scan of the files in which two snapshots differ (by path and deletion vector), in order of
 * their paths. Both scans list all files, with at least the partition columns. */
int32_t bridge_changes_between(const BridgeScan* before, const BridgeScan* after,
                               const BridgeText* columns, size_t column_count, BridgeScan** changes,
                               BridgeError* error);

#ifdef __cplusplus
}
#endif

#endif /* SPILLWAY_BRIDGE_H_ */
