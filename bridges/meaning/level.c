#include "meaning/level.h"

#include <stdbool.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "meaning/level_anchors.h"
#include "meaning/level_rules.h"

/* ---- the 3-letter filter over the words ---- */

#define FILTER_BITS 12u  /* about 55 different triples among 4096 bits: one foreign word in 75 passes */
#define INDEX_SIZE  256u

static uint64_t filter[(1u << FILTER_BITS) / 64];
static struct {
    uint32_t key; /* three small letters; 0 = free */
    uint8_t first, count;
} word_index[INDEX_SIZE];
/* Bit i: shape i can hold with this byte behind the word, or in front of it; [1]: with this byte one further away.
 * 0 stands for the line's ends. */
static uint64_t shapes_after[2][256], shapes_before[2][256], shapes_upper, shapes_small;
static uint8_t before_len[64];

static inline uint32_t triple_of(const char *p)
{
    return ((uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16) | 0x202020u;
}

static inline uint32_t hash_of(uint32_t key)
{
    return key * 0x9e3779b1u; /* Fibonacci hashing; the top bits are used */
}

static inline bool passes_filter(uint32_t key)
{
    uint32_t bit = hash_of(key) >> (32 - FILTER_BITS);
    return filter[bit / 64] >> (bit % 64) & 1;
}

static void index_word(unsigned i)
{
    uint32_t key = triple_of(rt_level_words[i].text), bit = hash_of(key) >> (32 - FILTER_BITS);
    unsigned at = hash_of(key) >> 24;
    while (word_index[at].key && word_index[at].key != key)
        at = (at + 1) % INDEX_SIZE;
    if (!word_index[at].key) {
        word_index[at].key = key;
        word_index[at].first = (uint8_t)i;
    }
    word_index[at].count++;
    filter[bit / 64] |= 1ull << (bit % 64);
}

static bool byte_fits(char c, char b)
{
    bool blank = b == ' ' || b == '\t', letter = (b | 0x20) >= 'a' && (b | 0x20) <= 'z';
    switch (c) {
    case ' ': return blank;
    case '$': return blank || !b;
    case '^': return !b;
    case '%': return letter || b == '_' || (b >= '0' && b <= '9');
    case '_': case 0: return true;
    default: return b == c;
    }
}

/* @c: the byte of a pattern that stands next to the word, @then: the one beyond it; @many: a blank stands for several. */
static void index_shape(uint64_t table[2][256], uint64_t bit, char c, char then, bool many)
{
    for (unsigned i = 0; i < 256; i++) {
        char b = (char)i;
        bool blank = b == ' ' || b == '\t';
        if (c == '_' ? blank || byte_fits(then, b) : byte_fits(c, b))
            table[0][i] |= bit;
        if (c == '_' || c == '^' || c == '$' || (many && c == ' ' && blank) || byte_fits(then, b))
            table[1][i] |= bit;
    }
}

/* Filled once, before main. */
__attribute__((constructor)) static void build_indexes(void)
{
    for (unsigned i = 0; i < rt_level_n_words; i++)
        index_word(i);
    for (size_t i = 0; i < rt_level_n_shapes && i < 64; i++) {
        const struct rt_level_shape *s = &rt_level_shapes[i];
        size_t last = strlen(s->before) - 1;
        before_len[i] = (uint8_t)(last + 1);
        index_shape(shapes_after, 1ull << i, s->after[0], s->after[1], false);
        index_shape(shapes_before, 1ull << i, s->before[last], last ? s->before[last - 1] : 0, true);
        shapes_upper |= (uint64_t)(s->flags & RT_SHAPE_UPPER ? 1 : 0) << i;
        shapes_small |= (uint64_t)(s->flags & RT_SHAPE_SMALL ? 1 : 0) << i;
    }
}

/* @text has small letters only, @p letters. */
static bool same_letters(const char *text, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != (p[i] | 0x20))
            return false;
    return true;
}

static const struct rt_level_word *find_word(const char *p, size_t len)
{
    if (len < 3)
        return NULL;
    uint32_t key = triple_of(p);
    for (unsigned at = hash_of(key) >> 24; word_index[at].key; at = (at + 1) % INDEX_SIZE) {
        if (word_index[at].key != key)
            continue;
        const struct rt_level_word *w = &rt_level_words[word_index[at].first];
        for (unsigned i = 0; i < word_index[at].count; i++, w++)
            if (w->len == len && same_letters(w->text, p, len))
                return w;
        return NULL;
    }
    return NULL;
}

enum rt_level rt_level_of_word(const char *word, size_t len)
{
    const struct rt_level_word *w = find_word(word, len);
    return w ? (enum rt_level)w->level : RT_LEVEL_NONE;
}

/* ---- what kind of line ---- */

static bool is_alpha(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}
static bool is_word_char(char c)
{
    return is_alpha(c) || is_digit(c) || c == '_';
}

/* "Jan", "Sat" and so on: three letters that begin a date. */
static bool is_date_word(const char *p, size_t n)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDecMonTueWedThuFriSatSun";
    if (n != 3)
        return false;
    for (const char *at = names; *at; at += 3)
        if (!memcmp(at, p, 3))
            return true;
    return false;
}

/* A date, a time, a number or '[' at the start: the line is a log line with columns, not prose. */
static bool is_stamped(const struct rt_level_line *l)
{
    char c = l->n > l->start ? l->p[l->start] : 0;
    if (is_digit(c) || c == '[')
        return true;
    return l->n >= l->start + 4 && is_blank(l->p[l->start + 3]) && is_date_word(l->p + l->start, 3);
}

/* Letters only and neither all capitals, a date word, nor CamelCase: a word of prose. */
static bool is_bare_word(const char *p, size_t n)
{
    size_t lower = 0, inner_upper = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_alpha(p[i]))
            return false;
        lower += (p[i] & 0x20) != 0;
        inner_upper += i > 0 && !(p[i] & 0x20);
    }
    return lower > 0 && inner_upper == 0 && !is_date_word(p, n);
}

/* At most @max bare words before @end. */
static bool is_header(const struct rt_level_line *l, size_t end, unsigned max)
{
    unsigned bare = 0;
    for (size_t i = l->start; i < end;) {
        size_t from = i;
        while (i < end && !is_blank(l->p[i]))
            i++;
        bare += i > from && is_bare_word(l->p + from, i - from);
        while (i < end && is_blank(l->p[i]))
            i++;
    }
    return bare <= max;
}

/* "file:12: " or "file(12,3): " before @end, which is behind the colon and blanks. */
static bool is_source_position(const struct rt_level_line *l, size_t end)
{
    while (end > l->start && (is_blank(l->p[end - 1]) || is_alpha(l->p[end - 1]) || l->p[end - 1] == ':'))
        end--;
    if (end > l->start && l->p[end - 1] == ')')
        end--;
    size_t digits = end;
    while (digits > l->start && is_digit(l->p[digits - 1]))
        digits--;
    return digits < end && digits > l->start && strchr(":(,", l->p[digits - 1]);
}

/* The line begins with '[' and the last '[' before @end is not closed. */
static bool is_open_square(const struct rt_level_line *l, size_t end)
{
    const char *p = l->p + l->start, *open;
    if (l->start == end || *p != '[')
        return false;
    open = memrchr(p, '[', end - l->start);
    return !memchr(open, ']', (size_t)(l->p + end - open));
}

static bool is_utc_line(const struct rt_level_line *l)
{
    const char *p = l->p + l->start;
    size_t n = l->n - l->start;
    if (n < 20 || !is_digit(*p) || p[10] != 'T')
        return false;
    return memchr(p + 19, 'Z', n - 19 < 12 ? n - 19 : 12) != NULL; /* behind at most nine digits of the second */
}

/* ---- words in their surroundings ---- */

struct word {
    const struct rt_level_word *row;
    size_t start, end;
    bool upper, lower;
};

/* @len: of the pattern. */
static bool matches_before(const struct rt_level_line *l, size_t at, const char *pattern, size_t len)
{
    for (size_t i = len; i > 0; i--) {
        char c = pattern[i - 1];
        if (c == '^')
            return at == l->start;
        if (c == ' ' || c == '_') {
            if (c == ' ' && (at == l->start || !is_blank(l->p[at - 1])))
                return false;
            while (at > l->start && is_blank(l->p[at - 1]))
                at--;
        } else if (at == l->start || l->p[--at] != c) {
            return false;
        }
    }
    return true;
}

static bool matches_after(const struct rt_level_line *l, size_t at, const char *pattern)
{
    for (; *pattern; pattern++) {
        char c = at < l->n ? l->p[at] : 0;
        if (*pattern == '_') {
            while (at < l->n && is_blank(l->p[at]))
                at++;
            continue;
        }
        bool fits = *pattern == ' ' ? is_blank(c) : *pattern == '%' ? is_word_char(c) : c == *pattern;
        if (!fits && !(*pattern == '$' && (at >= l->n || is_blank(c))))
            return false;
        at++;
    }
    return true;
}

/* The flags about the line; those about the word's letters are in shapes_upper and shapes_small. */
static bool flags_fit(const struct rt_level_line *l, const struct rt_level_shape *s, size_t start)
{
    unsigned f = s->flags;
    if ((f & RT_SHAPE_STAMP) && !is_stamped(l))
        return false;
    if ((f & RT_SHAPE_SQUARE) && !is_open_square(l, start))
        return false;
    if ((f & RT_SHAPE_UTC) && !is_utc_line(l))
        return false;
    if ((f & RT_SHAPE_SLASH) && !(l->n > l->start + 4 && l->p[l->start + 4] == '/'))
        return false;
    if ((f & RT_SHAPE_SOURCE) && !is_source_position(l, start))
        return false;
    return !(f & RT_SHAPE_HEADER) || is_header(l, start, strpbrk(s->after, "]>)") && is_stamped(l) ? 3 : 1);
}

static bool use_fits(const struct rt_level_line *l, const struct word *w)
{
    unsigned use = w->row->use;
    if (!(use & (RT_WORD_LEVEL | RT_WORD_COLON)))
        return false;
    if ((use & RT_WORD_COLON) && !(w->end < l->n && l->p[w->end] == ':'))
        return false;
    if (((use & RT_WORD_UPPER) && !w->upper) || ((use & RT_WORD_LOWER) && !w->lower))
        return false;
    return !(use & RT_WORD_NOCAP) || w->upper || w->lower;
}

static bool try_shapes(const struct rt_level_line *l, const struct word *w, struct rt_level_guess *ret)
{
    uint64_t rows = shapes_after[0][w->end < l->n ? (uint8_t)l->p[w->end] : 0];
    rows &= shapes_after[1][w->end + 1 < l->n ? (uint8_t)l->p[w->end + 1] : 0];
    rows &= shapes_before[0][w->start > l->start ? (uint8_t)l->p[w->start - 1] : 0];
    rows &= shapes_before[1][w->start > l->start + 1 ? (uint8_t)l->p[w->start - 2] : 0];
    rows &= ~((w->upper ? 0 : shapes_upper) | (w->lower ? 0 : shapes_small));
    if (!rows || !use_fits(l, w))
        return false;
    for (; rows; rows &= rows - 1) {
        unsigned i = (unsigned)__builtin_ctzll(rows);
        const struct rt_level_shape *s = &rt_level_shapes[i];
        if (!matches_after(l, w->end, s->after) || !matches_before(l, w->start, s->before, before_len[i]))
            continue;
        if (!flags_fit(l, s, w->start))
            continue;
        /* "fatal: not a git repository" ends a command; FATAL is the name of a severity. */
        bool mild = w->lower && w->row->level == RT_LEVEL_CRITICAL && w->row->text[0] == 'f' && s->after[0] == ':';
        ret->level = s->level ? s->level : mild ? RT_LEVEL_ERROR : w->row->level;
        ret->style = s->style;
        return true;
    }
    return false;
}

static bool phrase_fits(const struct rt_level_line *l, size_t start, unsigned at)
{
    size_t i = start;
    if (at == RT_PHRASE_ANY || start == l->start)
        return true;
    if (at == RT_PHRASE_START)
        return false;
    if (at == RT_PHRASE_TAG)
        return matches_before(l, start, ": ", 2);
    while (i > l->start && is_blank(l->p[i - 1]))
        i--;
    return i < start && (is_digit(l->p[i - 1]) || l->p[i - 1] == ':');
}

static bool try_phrases(const struct rt_level_line *l, const struct word *w, struct rt_level_guess *ret)
{
    for (size_t i = 0; i < rt_level_n_phrases; i++) {
        const struct rt_level_phrase *f = &rt_level_phrases[i];
        size_t len = strlen(f->text);
        if (l->p[w->start] == f->text[0] && l->n - w->start >= len && !memcmp(l->p + w->start, f->text, len) &&
            phrase_fits(l, w->start, f->at)) {
            *ret = (struct rt_level_guess){f->level, f->style};
            return true;
        }
    }
    return false;
}

/* level=error, lvl="warn"; at the start of a line or behind a blank, comma or bracket. */
static bool try_key(const struct rt_level_line *l, const struct word *w, struct rt_level_guess *ret)
{
    size_t i = w->end + 1, from;
    if (w->end >= l->n || l->p[w->end] != '=' || (w->start > l->start && !strchr(" \t,{[(", l->p[w->start - 1])))
        return false;
    i += i < l->n && l->p[i] == '"';
    for (from = i; i < l->n && is_alpha(l->p[i]);)
        i++;
    enum rt_level level = rt_level_of_word(l->p + from, i - from);
    if (level != RT_LEVEL_NONE)
        *ret = (struct rt_level_guess){(uint8_t)level, RT_STYLE_LOGFMT};
    return level != RT_LEVEL_NONE;
}

/* A word of the filter begins at @start. */
static __attribute__((noinline)) bool try_word(const struct rt_level_line *l, size_t start, struct rt_level_guess *ret)
{
    struct word w = {.start = start, .end = start, .upper = true, .lower = true};
    for (; w.end < l->n && is_alpha(l->p[w.end]); w.end++) {
        w.upper &= !(l->p[w.end] & 0x20);
        w.lower &= (l->p[w.end] & 0x20) != 0;
    }
    w.row = find_word(l->p + start, w.end - start);
    if (!w.row || (!w.lower && !w.upper && (l->p[start + 1] & 0x20) == 0))
        return false;
    if (w.row->use & RT_WORD_PHRASE && try_phrases(l, &w, ret))
        return true;
    if (w.row->use & RT_WORD_KEY)
        return try_key(l, &w, ret);
    if (w.end + 1 < l->n && is_digit(l->p[w.end]) && l->p[w.end + 1] == ':') /* DEBUG1: */
        w.end++;
    return try_shapes(l, &w, ret);
}

/* ---- the scan ---- */

struct masks {
    uint64_t alpha, word; /* bit i: byte i is a letter; a letter, a digit or '_' */
};

#ifdef __SSE2__
static inline __m128i between(__m128i v, char low, char high)
{
    return _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8((char)(low - 1))),
                         _mm_cmplt_epi8(v, _mm_set1_epi8((char)(high + 1))));
}

static inline void add_block(struct masks *m, const char *p, unsigned at)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i alpha = between(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 'z');
    __m128i other = _mm_or_si128(between(v, '0', '9'), _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
    m->alpha |= (uint64_t)(unsigned)_mm_movemask_epi8(alpha) << at;
    m->word |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_or_si128(alpha, other)) << at;
}

/* Up to 64 bytes; the last block overlaps the one before. */
static inline struct masks masks_of(const char *p, size_t n)
{
    struct masks m = {0, 0};
    char small[16] = {0};
    if (n < 16) {
        memcpy(small, p, n);
        add_block(&m, small, 0);
        return m;
    }
    for (unsigned at = 0; at + 16 <= n; at += 16)
        add_block(&m, p + at, at);
    if (n % 16)
        add_block(&m, p + n - 16, (unsigned)n - 16);
    return m;
}
#else
static inline struct masks masks_of(const char *p, size_t n)
{
    struct masks m = {0, 0};
    for (size_t i = 0; i < n; i++) {
        m.alpha |= (uint64_t)is_alpha(p[i]) << i;
        m.word |= (uint64_t)is_word_char(p[i]) << i;
    }
    return m;
}
#endif

static struct rt_level_guess scan_words(const struct rt_level_line *l)
{
    struct rt_level_guess guess = {0, 0};
    uint64_t carry = 0; /* the 64 bytes before ended inside a word */
    for (size_t at = l->start; at < l->n; at += 64) {
        const char *p = l->p + at;
        size_t n = l->n - at < 64 ? l->n - at : 64;
        struct masks m = masks_of(p, n);
        uint64_t starts = m.alpha & ~(m.word << 1 | carry);
        /* Three letters at least, as far as is seen here. */
        starts &= (m.alpha >> 1 | 1ull << 63) & (m.alpha >> 2 | 3ull << 62);
        carry = m.word >> 63;
        for (; starts; starts &= starts - 1) {
            unsigned i = (unsigned)__builtin_ctzll(starts);
            if (at + i + 3 <= l->n && passes_filter(triple_of(p + i)) && try_word(l, at + i, &guess))
                return guess;
        }
    }
    return guess;
}

/* Leading colours (CSI … m) hide nothing. */
static size_t skip_colours(const char *p, size_t n)
{
    size_t i = 0;
    while (i + 1 < n && p[i] == 0x1b && p[i + 1] == '[') {
        size_t k = i + 2;
        while (k < n && (is_digit(p[k]) || p[k] == ';' || p[k] == ':'))
            k++;
        if (k >= n || !is_alpha(p[k]))
            break;
        i = k + 1;
    }
    return i;
}

struct rt_level_guess rt_level_infer(const char *line, size_t len)
{
    struct rt_level_line l = {.p = line, .n = len < RT_LEVEL_SCAN ? len : RT_LEVEL_SCAN, .all = len};
    struct rt_level_guess guess = {0, 0};
    if (len && line[0] == 0x1b) {
        size_t skip = skip_colours(line, len);
        l.p += skip;
        l.all -= skip;
        l.n = l.all < RT_LEVEL_SCAN ? l.all : RT_LEVEL_SCAN;
    }
    while (l.start < l.n && is_blank(l.p[l.start]))
        l.start++;
    if (l.n - l.start < 3 || rt_level_anchor(&l, &guess))
        return guess;
    guess = scan_words(&l);
    return guess;
}

const char *rt_style_name(unsigned style)
{
    static const char *const names[RT_STYLE_COUNT] = {
#define RT_STYLE(name, text) [RT_STYLE_##name] = text,
        RT_STYLES(RT_STYLE)
#undef RT_STYLE
    };
    return style < RT_STYLE_COUNT ? names[style] : NULL;
}
