/* The tables of level inference: words, phrases, shapes. See level.h for how they are used. */
#ifndef RT_MEANING_LEVEL_RULES_H
#define RT_MEANING_LEVEL_RULES_H

#include "meaning/level.h"

/* How a word may be used. */
enum {
    RT_WORD_LEVEL = 1 << 0,  /* a marker wherever a shape fits */
    RT_WORD_COLON = 1 << 1,  /* only directly before a colon, */
    RT_WORD_UPPER = 1 << 2,  /* … only in capitals */
    RT_WORD_LOWER = 1 << 3,  /* … only in small letters */
    RT_WORD_KEY = 1 << 4,    /* key=value */
    RT_WORD_PHRASE = 1 << 5, /* may begin a phrase */
    RT_WORD_NOCAP = 1 << 6,  /* not as "Alert" */
    RT_WORD_VALUE = 1 << 7,  /* a level where a level is certain to stand, as in level=ok; nowhere else */
};

struct rt_level_word {
    const char *text; /* small letters */
    uint8_t len;
    uint8_t level;
    uint8_t use;
};

/* Fixed texts that begin with a phrase word, exact case. */
enum rt_phrase_at { RT_PHRASE_START, RT_PHRASE_TAG, RT_PHRASE_PID, RT_PHRASE_ANY };
struct rt_level_phrase {
    const char *text;
    uint8_t level;
    uint8_t style;
    uint8_t at; /* TAG: at the start or behind ": "; PID: also behind a number */
};

/* What must stand around a word. In both texts '_' matches any number of blanks or tabs; in `before` a blank is one or
 * more of them and '^' the start of the line (leading blanks left out); in `after` a blank is exactly one, '%' a letter,
 * digit or '_', and '$' a blank or the line's end. */
enum {
    RT_SHAPE_UPPER = 1 << 0,  /* the word is in capitals */
    RT_SHAPE_STAMP = 1 << 1,  /* the line begins with a date, a time or '[' */
    RT_SHAPE_HEADER = 1 << 2, /* no prose before the word: at most one bare word (three inside brackets) */
    RT_SHAPE_SQUARE = 1 << 3, /* the line begins with '[' and the word stands inside such brackets */
    RT_SHAPE_SOURCE = 1 << 4, /* file:line: or file(line): stands before */
    RT_SHAPE_SMALL = 1 << 5,  /* the word is in small letters */
    RT_SHAPE_UTC = 1 << 6,    /* the line begins with an ISO date that ends in Z */
    RT_SHAPE_SLASH = 1 << 7,  /* the line begins with 2026/ */
};
struct rt_level_shape {
    const char *before, *after;
    uint8_t style;
    uint8_t flags;
    uint8_t level; /* RT_LEVEL_NONE: the word's */
};

extern const struct rt_level_word rt_level_words[];
extern const size_t rt_level_n_words;
extern const struct rt_level_phrase rt_level_phrases[];
extern const size_t rt_level_n_phrases;
extern const struct rt_level_shape rt_level_shapes[];
extern const size_t rt_level_n_shapes;

#endif
