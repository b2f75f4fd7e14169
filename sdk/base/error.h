/* Errors: functions return 0, a negative errno (fatal, forwarded unchanged) or a positive outcome of their own.
 * Where people need words the last parameter is a struct rt_error; NULL is allowed everywhere. */
#ifndef RT_BASE_ERROR_H
#define RT_BASE_ERROR_H

#define RT_ERROR_MAX 512

struct rt_error {
    int code; /* negative errno or the outcome; 0 = none */
    char message[RT_ERROR_MAX];
};

/* Fills *err (may be NULL) and returns @code, so that `return rt_error_set(err, -EINVAL, "...")` reads as one step.
 * The message names the thing at stake (path, offset, option), no trailing newline. Threads: any. Signals: not safe (vsnprintf). */
int rt_error_set(struct rt_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
