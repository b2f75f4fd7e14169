/* retap/reader.h: .rrd files read message by message, and sent on.
 *
 *   file or bytes ─▶ rr_rrd_reader_next() ─▶ message (whose it is, what kind) ─▶ rr_rrd_reader_chunk() ─▶ Arrow C data
 *
 * A file may be anything: hostile bytes end in an error (0x1b) with the byte offset, never in a crash. */
#ifndef RETAP_READER_H
#define RETAP_READER_H

#include <rerun.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rr_rrd_reader rr_rrd_reader;

enum { RR_RRD_STORE_INFO = 1, RR_RRD_CHUNK, RR_RRD_ACTIVATION };

/** What a message says of itself. Texts are borrowed until the next call with this reader. */
typedef struct rr_rrd_message {
    uint32_t struct_size;            /* set by the caller: sizeof(rr_rrd_message) */
    uint32_t kind;                   /* RR_RRD_* */
    uint64_t offset;                 /* of the message in the file, bytes */
    uint64_t n_bytes;                /* of the message in the file */
    rr_store_kind store_kind;
    const char *application_id, *recording_id;
    const char *entity_path;         /* of a chunk, else NULL */
    uint8_t chunk_id[16];
    bool is_static;                  /* of a chunk: no times */
    uint32_t n_rows;                 /* of a chunk */
    bool make_active, make_default;  /* of an activation of a blueprint */
} rr_rrd_message;

/** Opens @path, "-" is standard input. gives; NULL with *err: 0x11, 0x1b it can't be read or is no .rrd. */
rr_rrd_reader *rr_rrd_reader_open(const char *path, rr_error *err);
/** Reads a copy of @bytes. gives. */
rr_rrd_reader *rr_rrd_reader_open_bytes(rr_bytes bytes, rr_error *err);
/**
 * rr_rrd_reader_next() - the next message
 * Return: true with *ret filled; false at the end (*err is not touched), and with 0x1b: the file was cut inside a message, or is damaged. After a damaged
 * chunk the next call goes on behind it.
 */
bool rr_rrd_reader_next(rr_rrd_reader *reader, rr_rrd_message *ret, rr_error *err);
/**
 * rr_rrd_reader_chunk() - the chunk that was just read, as an Arrow record batch
 * A Struct array with a child for each column: row ids, timelines, components (List); names and Rerun's metadata are in the schema. Once for each chunk. gives
 * both: each, and each child, is released by itself, in any thread, also after the reader is freed.
 * Errors: 0x11; 0x1002 no chunk was read, it was taken already, or a column is of a type that this library does not know (dictionaries,
 * views, times with a zone). Return: 0 or the code also in *err.
 */
rr_error_code rr_rrd_reader_chunk(rr_rrd_reader *reader, struct ArrowSchema *ret_schema, struct ArrowArray *ret_array, rr_error *err);
/** At the end: was the file closed with a footer whose checksum is right? */
bool rr_rrd_reader_has_footer(const rr_rrd_reader *reader);
/** NULL is fine. Return: NULL. */
rr_rrd_reader *rr_rrd_reader_free(rr_rrd_reader *reader);

/**
 * rr_recording_stream_send_recording() - log what another recording holds
 * Its chunks go to the stream's sinks as they are, with their row ids and times, as part of this stream's recording; its blueprints as blueprints. What was
 * sent before an error stays sent.
 * Errors: 0x11, 0x1b (the message names the byte offset). Return: 0 or the code also in *err.
 * Blocks: until everything is with the sinks.
 */
rr_error_code rr_recording_stream_send_recording(rr_recording_stream rec, const char *path, rr_error *err);
rr_error_code rr_recording_stream_send_recording_bytes(rr_recording_stream rec, rr_bytes bytes, rr_error *err);

#ifdef __cplusplus
}
#endif

#endif
