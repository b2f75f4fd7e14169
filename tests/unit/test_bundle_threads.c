/* One bundle, logged and exported by many threads at once, into a recording. */
#include <pthread.h>
#include <retap.h>
#include <unistd.h>

#include "tests/harness/test.h"

enum { THREADS = 8, ROUNDS = 100, SIDE = 300 /* pixels: more than a row copies */ };

static rr_recording_stream rec;
static rr_bundle *image, *points;
static uint8_t pixels[SIDE * SIDE];
static uint32_t n_wrong_mt;

static void *use_bundles(void *arg)
{
    char path[32];
    snprintf(path, sizeof path, "thread/%d", (int)(intptr_t)arg);
    for (int i = 0; i < ROUNDS; i++) {
        rr_component_column *columns;
        uint32_t n;
        bool good = !rr_log(rec, path, NULL, RR_BUNDLES(i % 10 ? points : image), NULL) && !rr_bundle_columns(points, &columns, &n);
        good = good && n == 1 && columns[0].array.length == 2;
        if (good)
            rr_component_columns_free(columns, n);
        else
            __atomic_fetch_add(&n_wrong_mt, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

RT_TEST(many_threads_use_one_bundle)
{
    rr_error err = {0};
    pthread_t threads[THREADS];
    char file[64];
    snprintf(file, sizeof file, "/tmp/retap-bundles-%d.rrd", getpid());
    rr_stream_options o = rr_stream_options_default("bundles");
    o.save = file;
    rec = rr_recording_stream_open(&o, &err);
    rr_image_view v = rr_image_view_of(pixels, SIDE, SIDE, 1, RR_CHANNEL_U8);
    image = rr_image(&v, NULL);
    points = rr_points3d((const float[]){1, 2, 3, 4, 5, 6}, 2, NULL);
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, use_bundles, (void *)i));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    rr_bundle_free(image); /* rows that wait for the worker still hold it */
    rr_bundle_free(points);
    CHECK_INT(n_wrong_mt, 0);
    CHECK_INT(rr_recording_stream_dropped(rec), 0);
    rr_recording_stream_close(rec, 30, &err);
    remove(file);
    if (err.code)
        rt_test_fail(__FILE__, __LINE__, "%s", err.description);
}
