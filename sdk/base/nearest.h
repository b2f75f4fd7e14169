/* Spelling: which known word a misspelt one is likely to mean. */
#ifndef RT_BASE_NEAREST_H
#define RT_BASE_NEAREST_H

/* Letters to insert, remove, change or swap to come from @a to @b; words are compared up to 31 bytes. */
unsigned rt_edit_distance(const char *a, const char *b);

/* Is @word so near to @known that it is worth a hint? (a third of its letters wrong at most, or a beginning of it) */
int rt_is_near(const char *word, const char *known);

#endif
