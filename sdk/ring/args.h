/* What a printf-like call was given. A format is read once into a small plain table; with it the arguments of each call are fetched as
 * glibc would fetch them, and encoded. Nothing is formatted.
 *
 *   format → rt_format_read() → struct rt_format;  + va_list → rt_args_take() → bytes behind a struct rt_call → rt_args_next()
 *
 * Encoded, one value a conversion, in the order of the text: a byte of enum rt_arg_type, then 8 bytes in the processor's order, or of a
 * text 2 bytes of length and the text, or nothing. Widths and precisions given by * are fetched, not encoded.
 *
 * On any doubt a format is refused, and what was printed has to do. What a program made printf understand by register_printf_specifier()
 * is refused as unknown; if it gave a standard conversion another meaning, values are fetched wrongly.
 *
 * Guest-safe: no libc, no allocation, no errno, no floating-point arithmetic (it could raise an exception in the program). */
#ifndef RT_RING_ARGS_H
#define RT_RING_ARGS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RT_FORMAT_MAX   1024u /* bytes; of longer ones only what they printed is recorded */
#define RT_FORMAT_ARGS  16u   /* conversions in one format; also the highest N of %N$ */
#define RT_ARG_TEXT_MAX 128u  /* bytes kept of a %s */
#define RT_ARGS_MAX     (RT_FORMAT_ARGS * (3u + RT_ARG_TEXT_MAX)) /* bytes that the arguments of one call can take */

enum rt_arg_type {
    RT_ARG_INT = 1,
    RT_ARG_UINT,
    RT_ARG_DOUBLE,   /* long double, too */
    RT_ARG_CHAR,
    RT_ARG_POINTER,
    RT_ARG_ERROR,    /* %m: errno at the call */
    RT_ARG_TEXT,
    RT_ARG_TEXT_CUT, /* the program printed more of it than RT_ARG_TEXT_MAX */
    RT_ARG_NULL,     /* %s of a null pointer */
    RT_ARG_TYPES,
};

struct rt_conversion {
    uint8_t fetch;     /* what va_arg() has to ask for */
    uint8_t type;      /* enum rt_arg_type */
    uint8_t shift;     /* bits above what printf looks at */
    uint8_t precision; /* of a text: bytes at most, RT_ARG_TEXT_MAX + 1 = no matter how many */
    uint8_t value, width_star, precision_star; /* which argument, from 1; 0 = none */
};

struct rt_format {
    uint16_t len;     /* bytes of the format string */
    uint8_t n;        /* conversions that print a value */
    uint8_t numbered; /* how many arguments the %N$ mean, 0 = they come in order */
    bool is_plain;    /* in order, one argument a conversion */
    struct rt_conversion conversion[RT_FORMAT_ARGS];
};

/* Does libc print %b and %B (glibc 2.35)? Set before the first format is read; if not, they are refused. */
extern bool rt_format_has_binary;

/* Reads @fmt. Return: false when it is not certain what its arguments are: an unknown conversion or combination, %n, wide text, %N$ that
 * leave some out, disagree or are mixed with others, more conversions than there is room for, a longer format than RT_FORMAT_MAX.
 * Threads: any. Signals: safe. */
bool rt_format_read(struct rt_format *f, const char *fmt);

/* Encodes the arguments @ap of one call; @ap is used up. Reads a text as far as printf would, never farther.
 * Return: bytes written, 0 = there is not enough @room, or no conversion. Threads: any. Signals: safe. */
size_t rt_args_take(const struct rt_format *f, int errnum, va_list ap, uint8_t *to, size_t room);

/* Moves @ap behind the arguments of one call. Threads: any. Signals: safe. */
void rt_args_skip(const struct rt_format *f, va_list *ap);

struct rt_arg {
    enum rt_arg_type type; /* never RT_ARG_TEXT_CUT: see cut */
    bool cut;
    uint16_t text_len;
    const char *text;      /* borrowed from the bytes, not ended by NUL */
    union {
        int64_t i;         /* INT, ERROR */
        uint64_t u;        /* UINT, CHAR, POINTER */
        double d;
    };
};

/* The next of the arguments from *p to @end, which may be any bytes. Return: false at the end (*p = @end) and at what is no argument. */
bool rt_args_next(const uint8_t **p, const uint8_t *end, struct rt_arg *ret);

#endif
