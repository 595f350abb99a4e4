/* The Delta kernel behind a C ABI: open a table, list the files of one version, read one file as
 * Arrow batches. Mechanism only: which version, which files, in which order and what to do about
 * a failure is the caller's.
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

/* Frees the message and clears the struct. */
void bridge_error_free(BridgeError* error);

BridgeCancellation* bridge_cancellation_new(void);
/* Any thread, any number of times. There is no way back. */
void bridge_cancellation_request(const BridgeCancellation* cancellation);
void bridge_cancellation_free(BridgeCancellation* cancellation);

/* Opens a location: a local path, or file://, s3:// (s3a://), abfss:// (az://), gs://. Makes no
 * request. Option keys are those of the object_store crate (aws_endpoint,
 * azure_storage_account_key, google_service_account_key …) and connect_timeout_ms,
 * request_timeout_ms, retries_max, retry_timeout_ms, remote_bytes_max (compressed bytes that one
 * reader of a remote file holds); an unknown key is an error. Plain http endpoints are accepted on
 * loopback only. */
int32_t bridge_engine_open(BridgeText location, const BridgeOption* options, size_t option_count,
                           BridgeEngine** engine, BridgeError* error);
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
 * (or null when the newest 100 commits do not tell). */
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

typedef struct BridgeFile {
  BridgeText path;               /* as in the log: relative, percent-encoded */
  BridgeText deletion_vector_id; /* empty: none */
  uint64_t size;                 /* bytes */
  uint64_t records;              /* physical rows; valid when has_records */
  uint64_t deleted;              /* rows under the deletion vector */
  bool has_records;
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
  uint64_t live_rows;
  uint64_t decoded_bytes;    /* of the projected columns of the whole file, as Arrow */
  bool decoded_bytes_exact;  /* false: a lower bound (dictionaries without size statistics) */
  uint64_t held_bytes;       /* about what reading holds at a time, besides the batches */
} BridgeFileFacts;

void bridge_reader_facts(const BridgeReader* reader, BridgeFileFacts* facts);

/* The next batch begins after the first `first_row` live rows; batches have at most `batch_rows`
 * rows (and end with their row group). REQUIRES: batch_rows > 0. Must come before the first
 * bridge_reader_next; costs the decoding of one page per column when it points into a row group. */
void bridge_reader_seek(BridgeReader* reader, uint64_t first_row, uint64_t batch_rows);

typedef struct BridgeBatch {
  uint64_t first_row; /* ordinal among the file's live rows */
  uint64_t bytes;     /* of the decoded batch */
} BridgeBatch;

/* At the end of the file `array->release` is null. After a failure only bridge_reader_free is
 * allowed. The array owns its memory and outlives the reader. */
int32_t bridge_reader_next(BridgeReader* reader, struct ArrowArray* array, BridgeBatch* batch,
                           BridgeError* error);

#ifdef __cplusplus
}
#endif

#endif /* SPILLWAY_BRIDGE_H_ */
