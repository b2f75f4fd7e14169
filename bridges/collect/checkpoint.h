/* The checkpoint file `state`: how far the output file is good, how far staging was read for it, and the interpreter's
 * state at that point. There is always one whole version: the next is written beside it, in `state.new`, and then they
 * change names. Both keep the memory they have, so that a full tmpfs does not keep staging from being released; they
 * grow when a state is larger, if there is room. */
#ifndef RT_COLLECT_CHECKPOINT_H
#define RT_COLLECT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct rt_checkpoint {
    uint64_t durable_bytes; /* of the output file */
    uint64_t staging_pos;
    uint64_t rows_failed; /* lost because the file took no more */
};

/* Takes memory for both files. Return: 0 or -errno. */
int rt_checkpoint_prepare(int dir_fd);
/* Writes @c and the @n bytes of state. Return: 0 or -errno: then the version before stays. */
int rt_checkpoint_write(int dir_fd, const struct rt_checkpoint *c, const void *state, size_t n);
/* Return: 0, -ENOENT (none yet), -EBADMSG, -errno. gives *ret_state (rt_buf_deinit). */
int rt_checkpoint_read(int dir_fd, struct rt_checkpoint *ret, struct rt_buf *ret_state);

/* `recording`: what the output is, written once, for the next collector: application id, recording id, absolute path;
 * each ended by NUL. */
int rt_identity_write(int dir_fd, const char *const text[3]);
int rt_identity_read(int dir_fd, char *buf, size_t size, const char *ret_text[3]);

#endif
