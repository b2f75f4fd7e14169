#include "meaning/level_anchors.h"

#include <string.h>

#define L(name) RT_LEVEL_##name
#define S(name) RT_STYLE_##name
#define N_OF(a) (sizeof(a) / sizeof *(a))

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool set(struct rt_level_guess *ret, int level, int style)
{
    ret->level = (uint8_t)level;
    ret->style = (uint8_t)style;
    return true;
}

/* ---- small patterns ---- */

/* Matches @pattern at @at: '0' a digit, '@' digits (one or more), '~' blanks (any number), '?' any byte, others
 * themselves. Return: position behind it, 0 when it does not match. */
static size_t match(const struct rt_level_line *l, size_t at, const char *pattern)
{
    for (; *pattern; pattern++) {
        char c = at < l->n ? l->p[at] : 0;
        if (*pattern == '~') {
            while (at < l->n && is_blank(l->p[at]))
                at++;
            continue;
        }
        if (*pattern == '0' || *pattern == '@' ? !is_digit(c) : *pattern == '?' ? at >= l->n : c != *pattern)
            return 0;
        at++;
        while (*pattern == '@' && at < l->n && is_digit(l->p[at]))
            at++;
    }
    return at;
}

static bool has(const struct rt_level_line *l, size_t at, const char *text)
{
    size_t len = strlen(text);
    return at <= l->n && l->n - at >= len && !memcmp(l->p + at, text, len);
}

/* Letters of Android, glog and the like. */
static int letter_level(char c)
{
    switch (c) {
    case 'F': case 'A': case 'C': return L(CRITICAL);
    case 'E': return L(ERROR);
    case 'W': return L(WARN);
    case 'I': return L(INFO);
    case 'D': return L(DEBUG);
    case 'V': case 'T': return L(TRACE);
    default: return L(NONE);
    }
}

/* ---- the forms ---- */

/* <3>text, <34>1 2026-…, <3>[   12.345678] text */
static bool priority(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    int value = 0;
    size_t i = l->start + 1;
    while (i < l->n && is_digit(l->p[i]) && i < l->start + 4)
        value = value * 10 + (l->p[i++] - '0');
    if (i == l->start + 1 || i >= l->n || l->p[i] != '>' || value > 191) /* 23 facilities * 8 + 7, RFC 5424 */
        return false;
    return set(ret, rt_level_from_syslog(value), match(l, i + 1, "[~@.@]") ? S(KERNEL) : S(SD_DAEMON));
}

/* E0820 12:34:56.789012 1234 file.cc:12] text */
static bool glog(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    return match(l, l->start, "?0000 00:00:00") && set(ret, letter_level(l->p[l->start]), S(GLOG));
}

/* E/Tag(  123): text, E/Tag: text */
static bool logcat_brief(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    size_t i = match(l, l->start, "?/");
    size_t tag = i;
    if (!i)
        return false;
    while (i < l->n && l->p[i] > ' ' && l->p[i] != '(' && l->p[i] != ':' && l->p[i] != '/')
        i++;
    while (i < l->n && l->p[i] == ' ')
        i++;
    size_t end = match(l, i, "(~@): ");
    return i > tag && (end || match(l, i, ": ")) && set(ret, letter_level(l->p[l->start]), S(LOGCAT));
}

/* The common case among lines that begin with a digit, told by one byte: 2026-… and 2026/… */
static bool is_year_first(const struct rt_level_line *l)
{
    return l->n > l->start + 4 && (l->p[l->start + 4] == '-' || l->p[l->start + 4] == '/');
}

/* 08-20 12:34:56.789  1234  1240 E Tag: text */
static bool logcat_time(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    if (is_year_first(l))
        return false;
    size_t i = match(l, l->start, "00-00 00:00:00.000 ~@ ~@ ");
    return i && i + 1 < l->n && l->p[i + 1] == ' ' && set(ret, letter_level(l->p[i]), S(LOGCAT)) && ret->level;
}

/* 12:M 01 Jan 2026 12:00:00.000 # text */
static bool redis(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    static const struct {
        char mark;
        int level;
    } marks[] = {{'.', L(DEBUG)}, {'-', L(DEBUG)}, {'*', L(INFO)}, {'#', L(WARN)}};
    size_t i = is_year_first(l) ? 0 : match(l, l->start, "@:? 00 ??? 0000 00:00:00.000 ");
    for (size_t k = 0; i && i + 1 < l->n && l->p[i + 1] == ' ' && k < N_OF(marks); k++)
        if (l->p[i] == marks[k].mark)
            return set(ret, marks[k].level, S(REDIS));
    return false;
}

/* (EE) text */
static bool xorg_at(const struct rt_level_line *l, size_t at, struct rt_level_guess *ret)
{
    static const struct {
        const char *mark;
        int level;
    } marks[] = {{"(EE)", L(ERROR)}, {"(WW)", L(WARN)}, {"(II)", L(INFO)}, {"(NI)", L(WARN)}, {"(!!)", L(INFO)},
                 {"(**)", L(INFO)}, {"(==)", L(INFO)}, {"(--)", L(INFO)}, {"(++)", L(INFO)}};
    for (size_t i = 0; i < N_OF(marks); i++)
        if (has(l, at, marks[i].mark))
            return set(ret, marks[i].level, S(XORG));
    return false;
}

/* GLib's names mean less than they say: CRITICAL is a failed check, ERROR aborts the program. */
static bool glib_word(const struct rt_level_line *l, size_t at, struct rt_level_guess *ret)
{
    static const struct {
        const char *word;
        int level;
    } words[] = {{"ERROR **", L(CRITICAL)}, {"CRITICAL **", L(ERROR)}, {"WARNING **", L(WARN)}, {"Message: ", L(INFO)},
                 {"INFO: ", L(INFO)}, {"DEBUG: ", L(DEBUG)}};
    size_t end = at;
    while (end < l->n && l->p[end] != ' ' && l->p[end] != ':')
        end++;
    while (end > at && l->p[end - 1] != '-') /* GLib-GObject-CRITICAL: behind the last dash */
        end--;
    for (size_t i = 0; i < N_OF(words); i++)
        if (has(l, end, words[i].word))
            return set(ret, words[i].level, S(GLIB));
    return false;
}

/* (EE) …, (prog:12): GLib-CRITICAL **: …, (node:12) Warning: … */
static bool parenthesis(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    if (xorg_at(l, l->start, ret))
        return true;
    if (match(l, l->start, "(node:@) "))
        return memmem(l->p, l->n, "Warning: ", 9) && set(ret, L(WARN), S(NODE));
    const char *end = memchr(l->p + l->start, ')', l->n - l->start);
    return end && has(l, (size_t)(end - l->p), "): ") && glib_word(l, (size_t)(end - l->p) + 3, ret);
}

/* ** (prog:12): WARNING **: …, ** Message: …, *** stack smashing detected ***: … */
static bool stars(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    static const char *const crashes[] = {"*** stack smashing detected", "*** buffer overflow detected", "*** longjmp causes",
                                          "*** Error in `", "*** invalid %N$ use", "*** %n in writable"};
    for (size_t i = 0; i < N_OF(crashes); i++)
        if (has(l, l->start, crashes[i]))
            return set(ret, L(CRITICAL), S(CRASH));
    if (!has(l, l->start, "** "))
        return false;
    if (l->start + 3 < l->n && l->p[l->start + 3] != '(')
        return glib_word(l, l->start + 3, ret);
    const char *end = memmem(l->p, l->n, "): ", 3);
    return end && glib_word(l, (size_t)(end - l->p) + 3, ret);
}

/* [   12.345] (EE) …; every other '[' is for the shapes */
static bool square(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    size_t i = match(l, l->start, "[~@.@] ");
    return i && xorg_at(l, i, ret);
}

/* ==1==ERROR: AddressSanitizer: …, ==1== Invalid read of size 4, … */
static bool equals(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    static const struct {
        const char *text;
        int level, style;
    } heads[] = {
        {"ERROR: ", L(CRITICAL), S(SANITIZER)}, {"WARNING: MemorySanitizer", L(CRITICAL), S(SANITIZER)},
        {"WARNING: ", L(WARN), S(SANITIZER)}, {"ABORTING", L(CRITICAL), S(SANITIZER)},
        {" Invalid ", L(ERROR), S(VALGRIND)}, {" Conditional jump", L(ERROR), S(VALGRIND)},
        {" Use of uninit", L(ERROR), S(VALGRIND)}, {" Mismatched free", L(ERROR), S(VALGRIND)},
        {" Jump to the invalid", L(ERROR), S(VALGRIND)}, {" Syscall param", L(ERROR), S(VALGRIND)},
        {" Source and destination overlap", L(ERROR), S(VALGRIND)}, {" Possible data race", L(ERROR), S(VALGRIND)},
        {" Process terminating", L(CRITICAL), S(VALGRIND)},
    };
    size_t i = match(l, l->start, "==@==");
    for (size_t k = 0; i && k < N_OF(heads); k++)
        if (has(l, i, heads[k].text))
            return set(ret, heads[k].level, heads[k].style);
    return false;
}

static const struct {
    const char *text; /* pattern of match() at the start of the line */
    int level, style;
} openings[] = {
    {"make: *** ", L(ERROR), S(MAKE)},
    {"make[@]: *** ", L(ERROR), S(MAKE)},
    {"gmake: *** ", L(ERROR), S(MAKE)},
    {"gmake[@]: *** ", L(ERROR), S(MAKE)},
    {"E: ", L(ERROR), S(APT)},
    {"W: ", L(WARN), S(APT)},
    {"SUMMARY: A", L(CRITICAL), S(SANITIZER)}, /* AddressSanitizer, … */
    {"SUMMARY: T", L(CRITICAL), S(SANITIZER)},
    {"SUMMARY: M", L(CRITICAL), S(SANITIZER)},
    {"SUMMARY: U", L(CRITICAL), S(SANITIZER)},
    {"AddressSanitizer:DEA", L(CRITICAL), S(SANITIZER)},
    {"UndefinedBehaviorSan", L(CRITICAL), S(SANITIZER)},
    {"# A fatal error has ", L(CRITICAL), S(CRASH)},
    {"SIGSEGV: ", L(CRITICAL), S(PANIC)},
    {"SIGABRT: ", L(CRITICAL), S(PANIC)},
};

static bool opening(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    for (size_t i = 0; i < N_OF(openings); i++)
        if (l->p[l->start] == openings[i].text[0] && match(l, l->start, openings[i].text))
            return set(ret, openings[i].level, openings[i].style);
    return false;
}

/* ---- JSON ---- */

/* How numbers count: syslog 0..7 downwards, pino and bunyan 10..60 and Python's levelno 10..50 upwards. */
enum json_scale { JSON_WORD, JSON_SYSLOG, JSON_PINO, JSON_PYTHON, JSON_LETTER };

static const struct {
    const char *key;
    enum json_scale scale;
} json_keys[] = {
    {"level", JSON_PINO}, {"Level", JSON_PINO}, {"LEVEL", JSON_PINO}, {"lvl", JSON_PINO}, {"severity", JSON_SYSLOG},
    {"SEVERITY", JSON_WORD}, {"PRIORITY", JSON_SYSLOG}, {"priority", JSON_WORD}, {"levelno", JSON_PYTHON},
    {"levelname", JSON_WORD}, {"log.level", JSON_WORD}, {"loglevel", JSON_WORD}, {"log_level", JSON_WORD},
    {"logLevel", JSON_WORD}, {"LogLevel", JSON_WORD}, {"severityText", JSON_WORD}, {"SeverityText", JSON_WORD},
    {"severity_text", JSON_WORD}, {"@l", JSON_WORD}, {"s", JSON_LETTER},
};

static int json_number(const struct rt_level_line *l, unsigned value, enum json_scale scale)
{
    static const uint8_t pino[] = {0, L(TRACE), L(DEBUG), L(INFO), L(WARN), L(ERROR), L(CRITICAL)};
    static const uint8_t levelno[] = {0, L(DEBUG), L(INFO), L(WARN), L(ERROR), L(CRITICAL)};
    /* GELF calls a syslog severity "level"; in other objects a small level is the level of something else. */
    bool gelf = scale == JSON_PINO && value < 8 && memmem(l->p, l->n, "\"short_message\"", 15);
    if (gelf || (scale == JSON_SYSLOG && value < 8))
        return rt_level_from_syslog((int)value);
    if (value % 10 || value == 0)
        return L(NONE);
    value /= 10;
    if (scale == JSON_PINO && value < N_OF(pino))
        return pino[value];
    return scale == JSON_PYTHON && value < N_OF(levelno) ? levelno[value] : L(NONE);
}

/* The value at @at: a word, a letter or a number, quoted or not. */
static int json_value(const struct rt_level_line *l, size_t at, enum json_scale scale)
{
    size_t end, len;
    unsigned number = 0;
    at += at < l->n && l->p[at] == '"';
    for (end = at; end < l->n && is_digit(l->p[end]) && end < at + 3; end++)
        number = number * 10 + (unsigned)(l->p[end] - '0');
    if (end > at)
        return json_number(l, number, scale);
    while (end < l->n && (l->p[end] | 0x20) >= 'a' && (l->p[end] | 0x20) <= 'z')
        end++;
    len = end - at;
    if (len == 1)
        return letter_level(l->p[at]);
    return scale == JSON_LETTER ? L(NONE) : (int)rt_level_of_word(l->p + at, len);
}

/* The level of the key @p with the value at @value; NONE when it is another key. */
static int json_pair(const struct rt_level_line *l, const char *p, size_t len, size_t value)
{
    for (size_t i = 0; i < N_OF(json_keys); i++)
        if (strlen(json_keys[i].key) == len && !memcmp(json_keys[i].key, p, len))
            return json_value(l, value, json_keys[i].scale);
    return L(NONE);
}

/* Walks over the strings of an object; one that a colon follows is a key. An object without a level key has no level:
 * words inside its values are data. */
static bool json(const struct rt_level_line *line, struct rt_level_guess *ret)
{
    struct rt_level_line whole = *line, *l = &whole;
    l->n = l->all < RT_LEVEL_SCAN_JSON ? l->all : RT_LEVEL_SCAN_JSON;
    size_t i = match(l, l->start, "{~\"");
    while (i) {
        size_t from = i;
        while (i < l->n && l->p[i] != '"')
            i += l->p[i] == '\\' ? 2 : 1;
        size_t value = i < l->n ? match(l, i, "\"~:~") : 0;
        int level = value ? json_pair(l, l->p + from, i - from, value) : L(NONE);
        if (level)
            return set(ret, level, S(JSON));
        const char *next = i + 1 < l->n ? memchr(l->p + i + 1, '"', l->n - i - 1) : NULL;
        if (!next)
            return true;
        i = (size_t)(next - l->p) + 1;
    }
    return false;
}

/* ---- dispatch by the first byte ---- */

static const struct {
    const char *first;
    bool (*find)(const struct rt_level_line *l, struct rt_level_guess *ret);
} anchors[] = {
    {"<", priority}, {"IWEFC", glog}, {"VDIWEFA", logcat_brief}, {"0123456789", logcat_time}, {"0123456789", redis},
    {"(", parenthesis}, {"*", stars}, {"[", square}, {"=", equals}, {"mgEWSAU#", opening}, {"{", json},
};

static uint16_t anchors_of[256]; /* bits: rows of anchors[] */
_Static_assert(N_OF(anchors) <= 16, "one bit a row");

/* Filled once, before main. */
__attribute__((constructor)) static void build_anchors(void)
{
    for (size_t i = 0; i < N_OF(anchors); i++)
        for (const char *c = anchors[i].first; *c; c++)
            anchors_of[(uint8_t)*c] |= (uint16_t)(1u << i);
}

bool rt_level_anchor(const struct rt_level_line *l, struct rt_level_guess *ret)
{
    for (unsigned rows = anchors_of[(uint8_t)l->p[l->start]]; rows; rows &= rows - 1)
        if (anchors[__builtin_ctz(rows)].find(l, ret))
            return true;
    return false;
}
