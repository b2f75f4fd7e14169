/* Standard output of the commands that print rows: one large buffer, text made safe for terminals and for JSON.
 *
 * Errors are sticky: the first failed write is kept, what follows is dropped. */
#ifndef RT_CLI_OUT_H
#define RT_CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RT_OUT_BYTES 131072u

struct rt_out {
    int fd;
    int error; /* 0 or negative errno */
    size_t n;
    char data[RT_OUT_BYTES];
};

/* Writes what waits. Return: 0 or the sticky error. */
int rt_out_flush(struct rt_out *o);
void rt_out_bytes(struct rt_out *o, const char *p, size_t n);
void rt_out_i64(struct rt_out *o, int64_t v);
void rt_out_u64(struct rt_out *o, uint64_t v);
/* JSON has no NaN and no infinities: null. */
void rt_out_f64(struct rt_out *o, double v);

/* @digits decimal digits of @v, with leading zeros. */
void rt_out_digits(struct rt_out *o, uint64_t v, unsigned digits);

/* Text for a terminal: control characters as \x1b, invalid UTF-8 as U+FFFD, later lines indented by four spaces. */
void rt_out_text(struct rt_out *o, const char *p, size_t n);
/* The inside of a JSON string. */
void rt_out_json(struct rt_out *o, const char *p, size_t n);
void rt_out_hex(struct rt_out *o, const uint8_t *p, size_t n);
void rt_out_base64(struct rt_out *o, const uint8_t *p, size_t n);

static inline void rt_out_str(struct rt_out *o, const char *s)
{
    rt_out_bytes(o, s, strlen(s));
}

static inline void rt_out_char(struct rt_out *o, char ch)
{
    rt_out_bytes(o, &ch, 1);
}

/* Length of the UTF-8 sequence at @p (of @n bytes, at least one); 0 when it is invalid (RFC 3629). */
unsigned rt_utf8_length(const uint8_t *p, size_t n);

#endif
