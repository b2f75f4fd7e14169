/* Memory limits as texts: "1GiB", "25%", "0B", "unlimited". */
#ifndef RT_RECORDING_LIMIT_H
#define RT_RECORDING_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RT_LIMIT_NONE UINT64_MAX

/* Bytes, RT_LIMIT_NONE for no limit; a percentage is of the machine's memory. Units: B, kB MB GB TB (powers of ten), KiB MiB GiB TiB, in this
 * spelling; a number without unit is refused but for 0. Return: 0, -EINVAL with the official text in @err. */
int rt_limit_parse(const char *text, size_t n, uint64_t *ret_bytes, struct rt_error *err);

#endif
