#include <retap/path.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/log.h"
#include "recording/path.h"

#define PART_TEXT_MAX 40u /* a number as text; the longest double is "-2.2250738585072014e-308" */

/* ---------------------------------------------------------------- into a caller's buffer: whole or empty */
static size_t given(int r, size_t len, char *buf, size_t n)
{
    bool whole = (r == 0 || r == RT_PATH_E_RESERVED) && len < n;
    if (n)
        buf[whole ? len : 0] = 0;
    return r == RT_PATH_E_UTF8 ? RR_PATH_INVALID : len;
}

RR_API size_t rr_escape_entity_path_part_n(const char *part, size_t part_len, char *buf, size_t n)
{
    size_t len = 0;
    int r = part || !part_len ? rt_path_escape_part(part, part_len, buf, n, &len) : RT_PATH_E_UTF8;
    return given(r, len, buf, n);
}

RR_API size_t rr_escape_entity_path_part(const char *part, char *buf, size_t n)
{
    return part ? rr_escape_entity_path_part_n(part, strlen(part), buf, n) : given(RT_PATH_E_UTF8, 0, buf, n);
}

RR_API size_t rr_parse_entity_path_n(const char *path, size_t path_len, char *buf, size_t n)
{
    size_t len = 0;
    int r = path || !path_len ? rt_path_parse(path, path_len, buf, n, &len) : RT_PATH_E_UTF8;
    return given(r, len, buf, n);
}

RR_API size_t rr_parse_entity_path(const char *path, char *buf, size_t n)
{
    return path ? rr_parse_entity_path_n(path, strlen(path), buf, n) : given(RT_PATH_E_UTF8, 0, buf, n);
}

RR_API size_t rr_entity_path_part(const char *path, uint32_t index, char *buf, size_t n)
{
    size_t len = 0;
    int r = path ? rt_path_part(path, strlen(path), index, buf, n, &len) : RT_PATH_E_UTF8;
    return given(r, len, buf, n);
}

/* ---------------------------------------------------------------- parts */

/* As Python's repr: the fewest digits that give the number back, ".0" for a whole one, an exponent from 1e16 on and below 1e-4. */
static void number_text(char out[PART_TEXT_MAX], double v)
{
    char e[32], digits[20] = "", *end;
    int n = 0, p = 0;
    if (v != v || v - v != 0) {
        snprintf(out, PART_TEXT_MAX, "%s", v != v ? "nan" : v > 0 ? "inf" : "-inf");
        return;
    }
    do
        snprintf(e, sizeof e, "%.*e", p, v);
    while (strtod(e, NULL) != v && p++ < 16);
    for (end = e; *end != 'e'; end++) /* leaves out the locale's decimal point */
        if (*end >= '0' && *end <= '9')
            digits[n++] = *end;
    int exp10 = atoi(end + 1);
    const char *sign = e[0] == '-' ? "-" : "";
    if (exp10 < -4 || exp10 >= 16)
        snprintf(out, PART_TEXT_MAX, "%s%c%s%se%c%02d", sign, digits[0], n > 1 ? "." : "", digits + 1, exp10 < 0 ? '-' : '+', abs(exp10));
    else if (exp10 < 0)
        snprintf(out, PART_TEXT_MAX, "%s0.%.*s%s", sign, -exp10 - 1, "000", digits);
    else if (exp10 >= n - 1)
        snprintf(out, PART_TEXT_MAX, "%s%s%.*s.0", sign, digits, exp10 - n + 1, "0000000000000000");
    else
        snprintf(out, PART_TEXT_MAX, "%s%.*s.%s", sign, exp10 + 1, digits, digits + exp10 + 1);
}

static const char *part_text(const rr_path_part *part, char out[PART_TEXT_MAX])
{
    switch (part->kind) {
    case RR_PATH_TEXT: return part->value.text;
    case RR_PATH_I64: snprintf(out, PART_TEXT_MAX, "%lld", (long long)part->value.i64); return out;
    case RR_PATH_U64: snprintf(out, PART_TEXT_MAX, "%llu", (unsigned long long)part->value.u64); return out;
    case RR_PATH_F64: number_text(out, part->value.f64); return out;
    }
    return NULL;
}

RR_API size_t rr_new_entity_path(char *buf, size_t n, const rr_path_part *parts, uint32_t n_parts)
{
    struct rt_path_writer w = {.out = buf, .cap = n};
    int r = parts || !n_parts ? 0 : RT_PATH_E_UTF8;
    for (uint32_t i = 0; i < n_parts && !r; i++) {
        char number[PART_TEXT_MAX];
        const char *text = part_text(&parts[i], number);
        r = text ? rt_path_add_part(&w, text, strlen(text)) : RT_PATH_E_UTF8;
    }
    rt_path_end(&w);
    return given(r, w.len, buf, n);
}

RR_API const char *rr_entity_path(char *buf, size_t n, const rr_path_part *parts, uint32_t n_parts)
{
    return rr_new_entity_path(buf, n, parts, n_parts) < n ? buf : NULL;
}

/* ---------------------------------------------------------------- official, private to the C++ SDK */
RR_API char *_rr_escape_entity_path_part(rr_string part)
{
    size_t len = 0, n = part.length_in_bytes;
    if (n && !part.utf8)
        return NULL;
    if (rt_path_escape_part(part.utf8, n, NULL, 0, &len) == RT_PATH_E_UTF8)
        return NULL;
    char *text = malloc(len + 1);
    if (text) {
        rt_path_escape_part(part.utf8, n, text, len, &len);
        text[len] = 0;
    }
    return text;
}

RR_API void _rr_free_string(char *string)
{
    free(string);
}
