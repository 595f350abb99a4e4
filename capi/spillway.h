/* spillway.h: the C interface of Spillway, for programs and languages that bring their own rows: a
 * write session takes Arrow record batches and brings them to a destination, a reader brings the
 * documents of one back as such batches (the Python package and its Spark data source are a thin
 * layer over it).
 *
 * Version. SPILLWAY_ABI_VERSION is the version of this header; spillway_abi_version() that of the
 * library. Within one version functions are only added. A caller refuses another version.
 *
 * Text is UTF-8 and ends with a zero byte. What the library returns in `char**` belongs to the
 * caller, who gives it to spillway_text_free. Options and summaries are JSON.
 *
 * Errors. A function that can fail returns 0 for success, else a code, and fills `error` (which may
 * be NULL) with code, name, message and hint. The caller gives a filled error to
 * spillway_error_clear; a function clears nothing that was there before.
 *
 * Threads and processes. Different sessions may be used from different threads. One session is used
 * by one thread at a time, but for spillway_session_stop, _summary, _permit, _share and _progress,
 * which may be called at any time; so is one reader, but for spillway_reader_stop. The library
 * starts no thread before the first session is opened and keeps none after the last one is closed.
 * A process that was forked off does not use the sessions of its parent (they answer with an
 * error); it opens its own.
 */
#ifndef SPILLWAY_CAPI_SPILLWAY_H_
#define SPILLWAY_CAPI_SPILLWAY_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SPILLWAY_ABI_VERSION 1

#if defined(__GNUC__)
#define SPILLWAY_EXPORT __attribute__((visibility("default")))
#else
#define SPILLWAY_EXPORT
#endif

/* As Arrow's C data interface has them; any definition of them will do. */
struct ArrowSchema;
struct ArrowArray;

typedef struct spillway_error {
  int32_t code;    /* what the functions return; 0: no error */
  char* code_name; /* "unauthenticated": stable, for programs */
  char* message;   /* what, where, and why in the service's own words */
  char* hint;      /* what to do next; may be empty */
} spillway_error;

typedef struct spillway_session spillway_session;
typedef struct spillway_reader spillway_reader;
typedef struct spillway_load spillway_load;
typedef struct spillway_part spillway_part;
typedef struct spillway_verify spillway_verify;

SPILLWAY_EXPORT uint32_t spillway_abi_version(void);
/* "1.2.3"; lives as long as the program. */
SPILLWAY_EXPORT const char* spillway_version(void);

SPILLWAY_EXPORT void spillway_error_clear(spillway_error* error);
SPILLWAY_EXPORT void spillway_text_free(char* text);

/* Asks the destination of `options` what a writer has to know, and so finds a wrong address, key or
 * name. `facts`: {"place": "https://…", "partition_key": ["/category"], "read_parts": 4}: in so
 * many even parts of the space of keys it is worth to be read at a time. A query in "read" is
 * checked as well. Starts no thread. */
SPILLWAY_EXPORT int32_t spillway_describe(const char* options, char** facts, spillway_error* error);

/* Opens a session. `options`: "connection", "destination", "documents", "sync", "throughput" as in
 * spillway.yaml (docs/spark.md shows them all), and of the session "memory", "lanes",
 * "rejected_listed", "part_of_more", "permit", "lent_share". `schema`: of the rows, a struct with a
 * child per column; it is moved from, also when the call fails. Blocks for some requests. */
SPILLWAY_EXPORT int32_t spillway_session_open(const char* options, struct ArrowSchema* schema,
                                              spillway_session** session, spillway_error* error);

/* Hands over the rows of a struct array of the session's schema, which is moved from, also when the
 * call fails, and released before it returns. Blocks while the session's memory is full. After an
 * error the session takes no more rows and answers with the same error. */
SPILLWAY_EXPORT int32_t spillway_session_write(spillway_session* session, struct ArrowArray* rows,
                                               spillway_error* error);

/* Blocks until every row has its fate. The summary says what became of the rows, also after an
 * error. */
SPILLWAY_EXPORT int32_t spillway_session_finish(spillway_session* session, spillway_error* error);

/* {"counts": {…}, "cost": …, "requests": …, "throttled_requests": …, "bytes_sent": …, "unsure": …,
 * "rejected_by_reason": {…}, "rejected": [{"row": …, "key": …, "reason": …, "message": …}]} */
SPILLWAY_EXPORT int32_t spillway_session_summary(const spillway_session* session, char** summary,
                                                 spillway_error* error);

/* Of a session with the option "permit", which sends nothing else: it may send until both moments,
 * nanoseconds of CLOCK_MONOTONIC and of CLOCK_REALTIME. They are counted from a moment before the
 * lender of the permit was asked. A write waits for up to two minutes for a permit to come back. */
SPILLWAY_EXPORT void spillway_session_permit(spillway_session* session, int64_t monotonic_ns,
                                             int64_t realtime_ns);

/* Of a session with the option "lent_share", which spends nothing else: from now on until that
 * nanosecond of CLOCK_MONOTONIC, counted from before the lender was asked, this part (0 to 1) of
 * its limit. A smaller one holds when the call returns. `limit`: "30%" or "8000" in place of the
 * one that it was opened with, "" for none; NULL: that one. */
SPILLWAY_EXPORT void spillway_session_share(spillway_session* session, double part,
                                            int64_t monotonic_ns, const char* limit);

/* {"rows": that have their fate, "cost": …, "requests": …, "throttled_requests": …, "wanted": part
 * of the limit that it has use for (absent: all it can get), "whole": that limit in units a second
 * (absent: not known)}. Cheap; what it wants is measured by being asked ten times a second. */
SPILLWAY_EXPORT int32_t spillway_session_progress(spillway_session* session, char** progress,
                                                  spillway_error* error);

/* Ends the session as soon as it is safe: what waits returns "cancelled". */
SPILLWAY_EXPORT void spillway_session_stop(spillway_session* session);

/* Frees the session and what it holds; one that is not finished is given up, which waits a few
 * seconds for requests under way. NULL is allowed. */
SPILLWAY_EXPORT void spillway_session_close(spillway_session* session);

/* Opens a reader of the documents of a part of a destination. `options`: "connection",
 * "destination", "throughput" with a limit, and "read": {"from": 0, "to": 0.25, "relaxed": false,
 * "epoch_millis": false, "query": "SELECT … FROM c WHERE c.n > @n", "parameters": "[{\"name\":
 * \"@n\", \"value\": 1}]"}, the part of the space of keys and how values become columns (a value
 * that does not fit its column: null where relaxed, else an error). With a query its results are
 * read, which are objects; "unsupported" where the answer is not that of its parts together (an
 * order, an aggregate, a limit). `schema`: of the batches, a struct
 * with a child per column, which takes the top-level field of its name; `_rawBody` takes the whole
 * document. It is moved from, also when the call fails. */
SPILLWAY_EXPORT int32_t spillway_reader_open(const char* options, struct ArrowSchema* schema,
                                             spillway_reader** reader, spillway_error* error);

/* Blocks for some requests. The next documents, as a struct array of the schema that the caller
 * releases; at the end its release callback is NULL. After an error: close it. */
SPILLWAY_EXPORT int32_t spillway_reader_next(spillway_reader* reader, struct ArrowArray* rows,
                                             spillway_error* error);

/* {"documents": …, "misfits": …, "cost": …} of what was read so far. */
SPILLWAY_EXPORT int32_t spillway_reader_summary(const spillway_reader* reader, char** summary,
                                                spillway_error* error);

/* Ends it: what waits returns "cancelled". */
SPILLWAY_EXPORT void spillway_reader_stop(spillway_reader* reader);
/* Frees it. NULL is allowed. */
SPILLWAY_EXPORT void spillway_reader_close(spillway_reader* reader);

/* A pipeline's sync whose load other processes do, in parts; this one has the lease, the plan and
 * the checkpoint. `settings`: {"project": text of spillway.yaml, "path": where it is, "pipeline":
 * name, "load_only": true, "full": false, "at_a_time": parts that are worked on together,
 * "lingers_ms": for which processes of an earlier run may have gone on}. Without "load_only" this
 * process does all of the sync. Starts it, in a thread of its own. */
SPILLWAY_EXPORT int32_t spillway_load_open(const char* settings, spillway_load** load,
                                           spillway_error* error);
/* Any thread. Blocks until there is a part to be done; NULL: there are no more. */
SPILLWAY_EXPORT int32_t spillway_load_take(spillway_load* load, char** part, spillway_error* error);
/* Any thread. What became of a part: what spillway_part_run gave. */
SPILLWAY_EXPORT int32_t spillway_load_put(spillway_load* load, const char* outcome, uint64_t bytes,
                                          spillway_error* error);
/* Any thread. Parts cannot be done: the load ends with that. */
SPILLWAY_EXPORT void spillway_load_fail(spillway_load* load, const char* why);
/* Any thread. {"version": …, "rows_total": … (absent: not known), "rows": …, "rejected": …, "cost":
 * …, "requests": …, "throttled_requests": …, "splits_total": …, "splits_done": …} of the parts that
 * are done, and "limit": "30%" or "8000", that all parts may spend now (absent: there is none, or
 * it is not known yet). {}: no load goes on yet. */
SPILLWAY_EXPORT int32_t spillway_load_progress(const spillway_load* load, char** progress,
                                               spillway_error* error);
/* Once. Blocks until the sync has ended: {"load": {…}, "changes": {…}, "settle_ms": …}, of
 * what was due. */
SPILLWAY_EXPORT int32_t spillway_load_finish(spillway_load* load, char** result,
                                             spillway_error* error);
/* Any thread. Ends it with a clean checkpoint. */
SPILLWAY_EXPORT void spillway_load_stop(spillway_load* load);
/* Stops it, waits for its end, frees it. NULL is allowed. No other thread is in a call. */
SPILLWAY_EXPORT void spillway_load_close(spillway_load* load);

/* One who does parts. `settings`: "project", "path" and "pipeline" as of the load, "permit": as of
 * a session, "lent_share": as of a session, else "share" of the pipeline's limit, "lanes",
 * "memory_bytes", "scratch_folder": an empty one of its own. */
SPILLWAY_EXPORT int32_t spillway_part_open(const char* settings, spillway_part** part,
                                           spillway_error* error);
/* Once. Does the part; blocks. `outcome` goes back to the load; it may hold any bytes. */
SPILLWAY_EXPORT int32_t spillway_part_run(spillway_part* part, const char* text, char** outcome,
                                          uint64_t* bytes, spillway_error* error);
/* Any thread. As spillway_session_permit. */
SPILLWAY_EXPORT void spillway_part_permit(spillway_part* part, int64_t monotonic_ns,
                                          int64_t realtime_ns);
/* Any thread. As spillway_session_share and spillway_session_progress. */
SPILLWAY_EXPORT void spillway_part_share(spillway_part* part, double share, int64_t monotonic_ns,
                                         const char* limit);
SPILLWAY_EXPORT int32_t spillway_part_progress(spillway_part* part, char** progress,
                                               spillway_error* error);
SPILLWAY_EXPORT void spillway_part_stop(spillway_part* part);
SPILLWAY_EXPORT void spillway_part_close(spillway_part* part);

/* A pipeline's verification whose reading other processes do, in parts; this one compares.
 * `settings`: "project", "path", "pipeline" and "at_a_time" as of a load, and "version" (left out:
 * what is loaded), "differences" that are listed, "report": a file for all of them. Starts it, in a
 * thread of its own. The functions are as those of a load. */
SPILLWAY_EXPORT int32_t spillway_verify_open(const char* settings, spillway_verify** verify,
                                             spillway_error* error);
SPILLWAY_EXPORT int32_t spillway_verify_take(spillway_verify* verify, char** part,
                                             spillway_error* error);
SPILLWAY_EXPORT int32_t spillway_verify_put(spillway_verify* verify, const char* outcome,
                                            uint64_t bytes, spillway_error* error);
SPILLWAY_EXPORT void spillway_verify_fail(spillway_verify* verify, const char* why);
/* Once. Blocks until the verification has ended: what `spillway verify --output json` prints. */
SPILLWAY_EXPORT int32_t spillway_verify_finish(spillway_verify* verify, char** result,
                                               spillway_error* error);
SPILLWAY_EXPORT void spillway_verify_stop(spillway_verify* verify);
SPILLWAY_EXPORT void spillway_verify_close(spillway_verify* verify);

/* Does one part of a verification; blocks. `settings`: "project", "path" and "pipeline" as of the
 * verification, "share" of its limit, "memory_bytes". `outcome` goes back to the verification; it
 * may hold any bytes. */
SPILLWAY_EXPORT int32_t spillway_verify_part(const char* settings, const char* part, char** outcome,
                                             uint64_t* bytes, spillway_error* error);

#ifdef __cplusplus
}
#endif

#endif /* SPILLWAY_CAPI_SPILLWAY_H_ */
