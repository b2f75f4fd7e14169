/* Which recording is the current one: slots, scopes, threads, coroutines. */
#include <pthread.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/unit/rows_kit.h"

static rr_error err;

static void say(const char *path)
{
    rr_log_scalar(RR_CURRENT, path, 1);
}

RT_TEST(test_the_threads_recording_goes_before_the_global_one)
{
    rr_memory_recording *a_mem, *b_mem;
    rr_recording_stream a = kit_open("a", &a_mem), b = kit_open("b", &b_mem);
    CHECK_INT(rr_current(), 0);
    say("/none");
    rr_recording_stream_set_global(a, RR_STORE_KIND_RECORDING);
    CHECK_INT(rr_current(), a);
    say("/x");
    rr_recording_stream_set_thread_local(b, RR_STORE_KIND_RECORDING);
    CHECK_INT(rr_current(), b);
    CHECK_INT(rr_get_thread_local(RR_STORE_KIND_RECORDING), b);
    CHECK_INT(rr_get_global(RR_STORE_KIND_RECORDING), a);
    say("/x");
    say("/x");
    rr_log_scalar(a, "/explicit", 1);
    CHECK_INT(rr_get_data_recording(a), a);
    CHECK_INT(rr_get_data_recording(12345), 0);
    CHECK_INT(rr_get_data_recording(0), 0);
    rr_recording_stream_set_thread_local(0, RR_STORE_KIND_RECORDING);
    CHECK_INT(rr_current(), a);
    CHECK_INT(kit_drain(a_mem, NULL), 2);
    CHECK_INT(kit_drain(b_mem, "/x"), 2);
    rr_recording_stream_free(a);
    rr_recording_stream_free(b);
    rr_memory_recording_free(a_mem);
    rr_memory_recording_free(b_mem);
}

RT_TEST(test_kinds_have_slots_of_their_own)
{
    rr_recording_stream a = kit_open("a", NULL);
    rr_recording_stream_set_global(a, RR_STORE_KIND_BLUEPRINT);
    CHECK_INT(rr_get_global(RR_STORE_KIND_BLUEPRINT), a);
    CHECK_INT(rr_get_global(RR_STORE_KIND_RECORDING), 0);
    CHECK_INT(rr_current(), 0);
    rr_recording_stream_free(a);
}

RT_TEST(test_a_swap_gives_the_handle_before)
{
    rr_memory_recording *a_mem;
    rr_recording_stream a = kit_open("a", &a_mem), b = kit_open("b", NULL);
    CHECK_INT(rr_swap_global(a, RR_STORE_KIND_RECORDING), 0);
    rr_recording_stream_free(a); /* the slot alone holds it now */
    say("/x");
    CHECK_INT(rr_swap_global(b, RR_STORE_KIND_RECORDING), a);
    rr_log_scalar(a, "/x", 1); /* and it is ours again */
    CHECK_INT(kit_drain(a_mem, "/x"), 2);
    CHECK_INT(rr_swap_global(99999, RR_STORE_KIND_RECORDING), b);
    CHECK_INT(rr_get_global(RR_STORE_KIND_RECORDING), 0);
    CHECK_INT(rr_swap_thread_local(a, RR_STORE_KIND_RECORDING), 0);
    CHECK_INT(rr_swap_thread_local(0, RR_STORE_KIND_RECORDING), a);
    rr_recording_stream_free(a);
    rr_recording_stream_free(b);
    CHECK(!rr_recording_stream_is_enabled(a, &err));
    FAILS(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "");
    rr_memory_recording_free(a_mem);
}

RT_TEST(test_scopes_nest_and_end_by_break_and_return)
{
    rr_memory_recording *a_mem, *b_mem;
    rr_recording_stream a = kit_open("a", &a_mem), b = kit_open("b", &b_mem);
    RR_WITH_RECORDING(a) {
        say("/x");
        RR_WITH_RECORDING(b) {
            CHECK_INT(rr_current(), b);
            say("/x");
            break;
        }
        CHECK_INT(rr_current(), a);
        say("/x");
    }
    CHECK_INT(rr_current(), 0);
    int rounds = 0;
    RR_WITH_RECORDING(a)
        rounds++;
    CHECK_INT(rounds, 1);
    rr_scope scope = rr_recording_push(b);
    CHECK_INT(rr_current(), b);
    rr_recording_pop(&scope);
    rr_recording_pop(&scope); /* a second time: nothing */
    rr_recording_pop(NULL);
    CHECK_INT(rr_current(), 0);
    RR_WITH_RECORDING(0)
        CHECK_INT(rr_current(), 0);
    CHECK_INT(kit_drain(a_mem, "/x"), 2);
    CHECK_INT(kit_drain(b_mem, "/x"), 1);
    rr_recording_stream_free(a);
    rr_recording_stream_free(b);
    rr_memory_recording_free(a_mem);
    rr_memory_recording_free(b_mem);
}

/* ---------------------------------------------------------------- a stream of each thread's own */
static void file_here(char path[64], int i)
{
    snprintf(path, 64, "/tmp/retap-scope-%d-%d.rrd", (int)getpid(), i);
}

struct own {
    int number;
    char id[64];
};

static void *log_into_own(void *arg)
{
    struct own *own = arg;
    char path[64], text[32];
    rr_error e = {0};
    file_here(path, own->number);
    RR_THREAD_LOCAL_STREAM("threads") {
        rr_recording_stream_recording_id(rr_current(), own->id, sizeof own->id);
        rr_recording_stream_save(rr_current(), rr_make_string(path), &e);
        snprintf(text, sizeof text, "/thread%d", own->number);
        for (int i = 0; i <= own->number; i++)
            say(text);
    }
    CHECK_INT(e.code, 0);
    CHECK_INT(rr_current(), 0);
    return NULL;
}

RT_TEST(test_two_threads_have_two_files_and_two_ids)
{
    struct own own[2] = {{.number = 0}, {.number = 1}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, log_into_own, &own[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK(strlen(own[0].id) == 36 && strlen(own[1].id) == 36 && strcmp(own[0].id, own[1].id) != 0);
    for (int i = 0; i < 2; i++) {
        char path[64], entity[32];
        rr_rrd_message m = {.struct_size = sizeof m};
        file_here(path, i);
        snprintf(entity, sizeof entity, "/thread%d", i);
        rr_rrd_reader *reader = rr_rrd_reader_open(path, &err);
        OK(err);
        uint32_t n = 0;
        while (rr_rrd_reader_next(reader, &m, &err)) {
            CHECK_STR(m.recording_id, own[i].id);
            if (m.kind == RR_RRD_CHUNK && strncmp(m.entity_path, "/__", 3)) {
                CHECK_STR(m.entity_path, entity);
                n += m.n_rows;
            }
        }
        CHECK_INT(n, i + 1);
        CHECK(rr_rrd_reader_has_footer(reader));
        rr_rrd_reader_free(reader);
        unlink(path);
    }
}

static void keep_warning(void *ctx, const char *text)
{
    snprintf(ctx, 256, "%s", text);
}

RT_TEST(test_a_thread_local_stream_by_hand)
{
    rr_scope scope = rr_thread_local_stream_begin("by hand");
    rr_recording_stream rec = rr_current();
    CHECK(rec);
    rr_thread_local_stream_end(&scope);
    rr_thread_local_stream_end(&scope);
    CHECK_INT(rr_current(), 0);
    CHECK_INT(rr_get_data_recording(rec), 0); /* it is gone */
    char said[256] = "";
    rr_set_warning_handler(keep_warning, said);
    rr_scope none = rr_thread_local_stream_begin("");
    CHECK_INT(rr_current(), 0);
    rr_thread_local_stream_end(&none);
    CHECK(strstr(said, "application_id"));
    rr_set_warning_handler(NULL, NULL);
}

static void *current_of_thread(void *ret)
{
    *(rr_recording_stream *)ret = rr_get_thread_local(RR_STORE_KIND_RECORDING);
    return NULL;
}

RT_TEST(test_other_threads_do_not_see_a_threads_recording)
{
    rr_recording_stream a = kit_open("a", NULL), seen = 77;
    pthread_t thread;
    RR_WITH_RECORDING(a) {
        CHECK_INT(pthread_create(&thread, NULL, current_of_thread, &seen), 0);
        pthread_join(thread, NULL);
    }
    CHECK_INT(seen, 0);
    rr_recording_stream_free(a);
}

/* ---------------------------------------------------------------- coroutines: a generator that keeps its recording over yields */
static ucontext_t caller, generator;
static char stack[256 << 10];
static rr_recording_stream inner;

static void yield_suspended(void)
{
    rr_context token = rr_context_suspend();
    swapcontext(&generator, &caller);
    rr_context_resume(token);
}

static void generate(void)
{
    RR_WITH_RECORDING(inner) {
        for (int i = 0; i < 3; i++) {
            say("/inner");
            yield_suspended();
            CHECK_INT(rr_current(), inner);
        }
    }
}

/* The other side of a switch. */
static void step_generator(void)
{
    rr_context token = rr_context_suspend();
    swapcontext(&caller, &generator);
    rr_context_resume(token);
}

static void *resume_on_another_thread(void *arg)
{
    step_generator();
    *(rr_recording_stream *)arg = rr_current();
    return NULL;
}

RT_TEST(test_a_coroutine_keeps_its_recording_also_on_another_thread)
{
    rr_memory_recording *inner_mem, *outer_mem;
    rr_recording_stream outer = kit_open("outer", &outer_mem), seen = 77;
    pthread_t thread;
    inner = kit_open("inner", &inner_mem);
    getcontext(&generator);
    generator.uc_stack.ss_sp = stack;
    generator.uc_stack.ss_size = sizeof stack;
    generator.uc_link = &caller;
    makecontext(&generator, generate, 0);
    RR_WITH_RECORDING(outer) {
        step_generator();
        CHECK_INT(rr_current(), outer);
        say("/outer");
        CHECK_INT(pthread_create(&thread, NULL, resume_on_another_thread, &seen), 0);
        pthread_join(thread, NULL);
        CHECK_INT(seen, 0); /* that thread had none, and has none again */
        step_generator();
        CHECK_INT(rr_current(), outer);
        step_generator(); /* its scope ends */
        CHECK_INT(rr_current(), outer);
    }
    CHECK_INT(kit_drain(inner_mem, NULL), 3);
    CHECK_INT(kit_drain(outer_mem, "/outer"), 1);
    rr_recording_stream_free(inner);
    rr_recording_stream_free(outer);
    rr_memory_recording_free(inner_mem);
    rr_memory_recording_free(outer_mem);
}
