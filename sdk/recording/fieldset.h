/* Fields of a log call as components of its row.
 *
 *   rr_field ─▶ name: its component type, fixed by the name's first use ─▶ value cast to that type ─▶ struct rt_value
 *
 * Casts: numbers and booleans into each other where the value stays the same, anything but bytes to text, text to bytes, bytes that are
 * text to text. A field that can't be cast, has no name, comes twice or has a length of its own is left out with a warning, once a kind.
 * Lengths: 1, or what the first field with another length has. */
#ifndef RT_RECORDING_FIELDSET_H
#define RT_RECORDING_FIELDSET_H

#include <retap/fields.h>

#include "recording/log.h"
#include "recording/scratch.h"

/* Writes at most @n values to @out; they point into @fields and @scratch. Texts that are not UTF-8 are repaired. Return: how many. */
uint32_t rt_fields_values(const rr_field *fields, uint32_t n, struct rt_scratch *scratch, struct rt_value *out);

/* @s itself when it is UTF-8, else a repaired copy, counted for rr_log_repaired(); without memory the well-formed part at its front. */
struct rt_slice rt_text_repaired(struct rt_slice s, struct rt_scratch *scratch);

#endif
