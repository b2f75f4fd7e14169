/* printf() for what log lines are made of: numbers, texts, characters, pointers, with widths. Locale-free, without stdio's buffers: a few
 * times quicker than vsnprintf(), which has to do whatever is not known here. */
#ifndef RT_RECORDING_FORMAT_H
#define RT_RECORDING_FORMAT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Knows %d %i %u %x %X with hh h l ll j z t, %c, %s with a precision, %p, %%; the flags - and 0, widths, *. Writes at most @size bytes and no
 * NUL; @args stay as they are. @format: NUL-terminated, @format_len bytes. *ret_ascii: all of it is ASCII (false may be wrong).
 * Return: the length, or -1 when the format has anything else or the room is short. Threads: any. Signals: safe. Blocks: never. */
int rt_format(char *out, size_t size, const char *format, size_t format_len, bool *ret_ascii, va_list args) __attribute__((format(printf, 3, 0)));

#endif
