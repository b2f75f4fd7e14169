/* Two kinds of types: the rows of the table, made when the library is loaded, and those that programs bring.
 *
 *   number   1 … RT_C_COUNT        table[number - 1]
 *            RT_C_COUNT + 1 …      pages[number / PAGE][number % PAGE]
 *
 * What programs bring is in hash chains that only grow: an entry is filled, then becomes the head of its chain by one compare and
 * exchange (T1, release); readers load the head (T1, acquire) and walk entries that never change. A race for the same key costs the
 * loser its entry, never a wait; so there is no lock that a fork could leave held. */
#include "archetype/types.h"

#include <retap/fields.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "archetype/datatypes.h"
#include "base/atomic.h"
#include "base/hash.h"

/* The table as constants without pointers: those would be some 40 KB of relocations in the library. Texts lie one after the other. */
static const struct texts {
#define RT_ARCHETYPE(token, short_name, name) char archetype_##token[sizeof name];
#define RT_COMPONENT(token, identifier, archetype, component_type, datatype, need) char name_##token[sizeof identifier];
#include "archetype/archetypes.def"
#define RT_COMPONENT_TYPE(token, name) char type_##token[sizeof name];
#include "archetype/component_types.def"
} texts = {
#define RT_ARCHETYPE(token, short_name, name) name,
#define RT_COMPONENT(token, identifier, archetype, component_type, datatype, need) identifier,
#include "archetype/archetypes.def"
#define RT_COMPONENT_TYPE(token, name) name,
#include "archetype/component_types.def"
};

struct row {
    uint16_t name, type; /* positions in texts; type is "" for none */
    uint8_t datatype;
};
_Static_assert(sizeof texts < UINT16_MAX, "positions in texts are of 16 bits");

static const struct row rows[] = {
#define RT_ARCHETYPE(token, short_name, name)
#define RT_COMPONENT(token, identifier, archetype, component_type, datatype, need) \
    {offsetof(struct texts, name_##token), offsetof(struct texts, type_##component_type), RT_DATATYPE_##datatype},
#include "archetype/archetypes.def"
};

/* Where an archetype's name is, and its first row. */
static const struct {
    uint16_t name, first;
} archetypes[] = {
#define RT_ARCHETYPE(token, short_name, name) {offsetof(struct texts, archetype_##token), RT_FIRST_##token},
#define RT_COMPONENT(token, identifier, archetype, component_type, datatype, need)
#include "archetype/archetypes.def"
    {0, RT_C_COUNT},
};

static struct rt_component_type table[RT_C_COUNT];

/* Before main, and before the constructors of C++ programs: a log call finds the table filled. */
__attribute__((constructor(101))) static void fill_table(void)
{
    const char *text = (const char *)&texts;
    unsigned archetype = 0;
    for (unsigned i = 0; i < RT_C_COUNT; i++) {
        while (i >= archetypes[archetype + 1].first)
            archetype++;
        table[i] = (struct rt_component_type){i + 1, text + rows[i].name, text + archetypes[archetype].name,
                                              text[rows[i].type] ? text + rows[i].type : NULL, &rt_datatypes[rows[i].datatype]};
    }
}

enum { PAGE = 512, PAGES = RT_TYPES_MOST / PAGE, CHAINS = 4096 };

static const struct rt_component_type **pages_mt[PAGES];
static uint32_t next_number_mt = RT_C_COUNT + 1;

const struct rt_component_type *rt_type_of_table(unsigned row)
{
    return row < RT_C_COUNT ? &table[row] : NULL;
}

const struct rt_component_type *rt_type_at(uint32_t number)
{
    if (number - 1 < RT_C_COUNT)
        return &table[number - 1];
    if (number == 0 || number >= RT_TYPES_MOST)
        return NULL;
    /* T2: pairs with the release in number_give() and page_at(). */
    const struct rt_component_type **page = rt_load_acquire(&pages_mt[number / PAGE]);
    return page ? rt_load_acquire(&page[number % PAGE]) : NULL;
}

static const struct rt_component_type **page_at(uint32_t i)
{
    const struct rt_component_type **page = rt_load_acquire(&pages_mt[i]), **fresh;
    if (page || !(fresh = calloc(PAGE, sizeof *fresh)))
        return page;
    if (rt_cas_seq_cst(&pages_mt[i], &page, fresh)) /* T2 */
        return fresh;
    free(fresh);
    return page;
}

/* Gives @type a number under which it is found from now on. */
static bool number_give(struct rt_component_type *type)
{
    if (rt_load_relaxed(&next_number_mt) >= RT_TYPES_MOST)
        return false;
    type->number = rt_add_relaxed(&next_number_mt, 1);
    const struct rt_component_type **page = type->number < RT_TYPES_MOST ? page_at(type->number / PAGE) : NULL;
    if (page)
        rt_store_release(&page[type->number % PAGE], type); /* T2 */
    return page != NULL;
}

/* ---------------------------------------------------------------- chains */

struct entry {
    struct entry *next;
    uint64_t hash;
    const struct rt_component_type *type;
};

/* Puts @e before the chain's entries, unless one of them answers to @same first. Return: @e, or that one. */
static struct entry *chain_push(struct entry **chain, struct entry *e, bool (*same)(const struct entry *, const void *), const void *key)
{
    struct entry *head = rt_load_acquire(chain), *seen = NULL; /* T1 */
    do {
        for (struct entry *i = head; i != seen; i = i->next)
            if (i->hash == e->hash && same(i, key))
                return i;
        e->next = seen = head;
    } while (!rt_cas_seq_cst(chain, &head, e)); /* T1 */
    return e;
}

static const struct entry *chain_find(struct entry *const *chain, uint64_t hash, bool (*same)(const struct entry *, const void *),
                                      const void *key)
{
    for (const struct entry *i = rt_load_acquire(chain); i; i = i->next) /* T1 */
        if (i->hash == hash && same(i, key))
            return i;
    return NULL;
}

/* ---------------------------------------------------------------- types that programs bring */

struct own_type {
    struct entry entry;
    struct rt_component_type type;
    struct rt_datatype *copy; /* NULL: the datatype is one of the table */
    char strings[];
};

static struct entry *types_mt[CHAINS];

static bool equal_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool same_type(const struct rt_component_type *a, const struct rt_component_type *b)
{
    return equal_text(a->component, b->component) && equal_text(a->archetype, b->archetype) &&
           equal_text(a->component_type, b->component_type) && rt_datatype_equal(a->datatype, b->datatype);
}

static bool entry_is_type(const struct entry *e, const void *key)
{
    return same_type(e->type, key);
}

static uint64_t hash_text(uint64_t h, const char *text)
{
    return text ? rt_hash(h, text, strlen(text) + 1) : rt_hash(h, "\xff", 1);
}

static const struct rt_component_type *find_in_table(const struct rt_component_type *key)
{
    for (unsigned i = 0; key->archetype && i < RT_C_COUNT; i++)
        if (same_type(&table[i], key))
            return &table[i];
    return NULL;
}

static size_t text_room(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *text_put(char **at, const char *text)
{
    char *to = *at;
    if (!text)
        return NULL;
    *at = stpcpy(to, text) + 1;
    return to;
}

static struct own_type *own_type_new(const struct rt_component_type *key, uint64_t hash)
{
    const struct rt_datatype *datatype = rt_datatype_known(key->datatype);
    struct rt_datatype *copy = NULL;
    if (!datatype && rt_datatype_copy(key->datatype, &copy) < 0)
        return NULL;
    struct own_type *t = malloc(sizeof *t + text_room(key->component) + text_room(key->archetype) + text_room(key->component_type));
    if (!t) {
        rt_datatype_free(copy);
        return NULL;
    }
    char *at = t->strings;
    t->type = (struct rt_component_type){0, text_put(&at, key->component), text_put(&at, key->archetype),
                                         text_put(&at, key->component_type), datatype ? datatype : copy};
    t->entry = (struct entry){NULL, hash, &t->type};
    t->copy = copy;
    return t;
}

/* Of one that was never found by anybody. A number that it had is not given again. */
static void own_type_free(struct own_type *t)
{
    if (t->type.number && t->type.number < RT_TYPES_MOST && page_at(t->type.number / PAGE))
        rt_store_release(&page_at(t->type.number / PAGE)[t->type.number % PAGE], NULL);
    rt_datatype_free(t->copy);
    free(t);
}

const struct rt_component_type *rt_type_intern(const char *component, const char *archetype, const char *component_type,
                                               const struct rt_datatype *datatype)
{
    const struct rt_component_type key = {0, component, archetype, component_type, datatype}, *in_table = find_in_table(&key);
    uint64_t hash = hash_text(hash_text(hash_text(RT_HASH_START, component), archetype), component_type);
    struct entry **chain = &types_mt[hash % CHAINS];
    const struct entry *known = in_table ? NULL : chain_find(chain, hash, entry_is_type, &key);
    if (in_table || known)
        return in_table ? in_table : known->type;
    struct own_type *t = own_type_new(&key, hash);
    if (t && number_give(&t->type))
        known = chain_push(chain, &t->entry, entry_is_type, &key);
    if (t && known != &t->entry)
        own_type_free(t);
    return known ? known->type : NULL;
}

/* ---------------------------------------------------------------- fields */

static struct entry *fields_mt[CHAINS];

struct field_name {
    const char *name;
    size_t len;
};

static bool entry_is_field(const struct entry *e, const void *key)
{
    const struct field_name *f = key;
    return !strncmp(e->type->component, f->name, f->len) && !e->type->component[f->len];
}

static const struct rt_datatype *datatype_of_field(uint32_t kind)
{
    static const enum rt_datatype_id ids[] = {
        [RR_FIELD_I64] = RT_DATATYPE_I64,   [RR_FIELD_U64] = RT_DATATYPE_U64,  [RR_FIELD_F64] = RT_DATATYPE_F64,
        [RR_FIELD_BOOL] = RT_DATATYPE_BOOL, [RR_FIELD_STR] = RT_DATATYPE_UTF8, [RR_FIELD_BYTES] = RT_DATATYPE_BINARY,
    };
    return kind >= RR_FIELD_I64 && kind <= RR_FIELD_BYTES ? &rt_datatypes[ids[kind]] : NULL;
}

static const struct entry *field_add(const struct field_name *f, uint64_t hash, uint32_t kind)
{
    const struct rt_datatype *datatype = datatype_of_field(kind);
    char *name = datatype ? strndup(f->name, f->len) : NULL;
    struct entry *e = name ? malloc(sizeof *e) : NULL, *there = NULL;
    if (e && (e->type = rt_type_intern(name, NULL, NULL, datatype))) {
        e->hash = hash;
        there = chain_push(&fields_mt[hash % CHAINS], e, entry_is_field, f);
    }
    if (there != e)
        free(e);
    free(name);
    return there;
}

const struct rt_component_type *rt_type_of_field(const char *name, size_t len, uint32_t kind)
{
    const struct field_name f = {name, len};
    uint64_t hash = rt_hash(RT_HASH_START, name, len);
    const struct entry *e = chain_find(&fields_mt[hash % CHAINS], hash, entry_is_field, &f);
    e = e ? e : field_add(&f, hash, kind);
    return e ? e->type : NULL;
}
