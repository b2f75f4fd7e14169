/* The environment, read once; and the process' default recording id. */
#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uuid/uuid.h>

#include "recording/core.h"

static struct rt_env env = {.enabled = -1, .log_time = true};
static char *default_id;      /* registry */
static bool default_id_given; /* to some stream; registry */

/* Return: 0, 1, or @otherwise with a warning for other texts. */
static int boolean(const char *name, bool yes_too, int otherwise)
{
    static const struct {
        const char *text;
        bool extra;
        int value;
    } words[] = {{"0", false, 0}, {"false", false, 0}, {"off", false, 0}, {"no", true, 0},
                 {"1", false, 1}, {"true", false, 1}, {"on", false, 1}, {"yes", true, 1}};
    const char *text = getenv(name);
    if (!text || !*text)
        return otherwise;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(text, words[i].text) && (yes_too || !words[i].extra))
            return words[i].value;
    rt_warn(NULL, "%s=%s is neither on nor off; ignored", name, text);
    return otherwise;
}

static void read_env(void)
{
    const char *id = getenv("RETAP_RECORDING_ID");
    env.enabled = boolean("RERUN", false, -1);
    env.strict = boolean("RERUN_STRICT", true, 0);
    env.log_time = boolean("RERUN_LOG_TIME", true, 1);
    env.log_tick = boolean("RERUN_LOG_TICK", true, 0);
    env.collect = boolean("RETAP_COLLECT", true, 0);
    if (id && *id)
        default_id = strdup(id);
}

const struct rt_env *rt_env(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_env);
    return &env;
}

/* ---------------------------------------------------------------- ids */

RR_API void rr_new_recording_id(char out[37])
{
    uuid_t id;
    uuid_generate_random(id);
    if (out)
        uuid_unparse_lower(id, out);
}

const char *rt_default_recording_id(void)
{
    char fresh[37];
    rt_env();
    pthread_mutex_lock(&rt_core.registry);
    if (!default_id) {
        rr_new_recording_id(fresh);
        default_id = strdup(fresh);
    }
    default_id_given = true;
    const char *id = default_id;
    pthread_mutex_unlock(&rt_core.registry);
    return id ? id : "";
}

RR_API rr_error_code rr_set_default_recording_id(const char *id, rr_error *err)
{
    if (!id)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "id is NULL");
    char *copy = *id ? strdup(id) : NULL;
    rr_error_code code = RR_ERROR_CODE_OK;
    rt_core_init();
    pthread_mutex_lock(&rt_core.registry);
    if (default_id_given)
        code = rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "the default recording id is in use already: %s", default_id);
    else if (!*id)
        code = rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "id is empty");
    else if (!copy)
        code = rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    if (!code) {
        free(default_id);
        default_id = copy;
        copy = NULL;
    }
    pthread_mutex_unlock(&rt_core.registry);
    free(copy);
    return code;
}

const char *rt_default_recording_id_made(void)
{
    return default_id_given ? default_id : NULL;
}

/* ---------------------------------------------------------------- switches */

static uint32_t strict_mt = 2; /* 2: the environment's */

RR_API void rr_set_strict_mode(bool strict)
{
    rt_store_relaxed(&strict_mt, strict);
}

RR_API bool rr_strict_mode(void)
{
    uint32_t s = rt_load_relaxed(&strict_mt);
    return s == 2 ? rt_env()->strict == 1 : s == 1;
}

static uint32_t switched_mt; /* rr_set_enabled() was called: it wins over RERUN */

RR_API void rr_set_enabled(bool enabled)
{
    rt_core_init();
    rt_store_relaxed(&switched_mt, 1);
    rt_store_relaxed(&rt_core.off_mt, !enabled);
}

int rt_env_enabled(void)
{
    return rt_load_relaxed(&switched_mt) ? -1 : rt_env()->enabled;
}
