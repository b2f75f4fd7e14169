/* A program in the style that the manual shows, with threads that have a recording of their own. Files argv[1] and argv[2]. C11 and C++17. */
#include <retap.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* What is written in place has twins in C++. */
static bool bundles(void)
{
    const float positions[] = {0, 0, 0, 1, 1, 1};
    rr_log_options options = rr_log_options_default();
    rr_points3d_options style = rr_points3d_options_default();
    const char *const labels[] = {"a", "b"};
    style.labels = rr_texts_of(labels, 2);
    options.strict = 1;
    rr_bundle *points = rr_points3d(positions, 2, &style), *values = rr_any_values(RR_FIELDS(rr_f64("confidence", 0.5)));
    bool good = !rr_log(RR_CURRENT, "points", &options, RR_BUNDLES(points, values), NULL);
    rr_bundle_free(points);
    rr_bundle_free(values);
    good &= !rr_log_annotation_context(RR_CURRENT, "/", RR_CLASSES({23, "bar", 0, {NULL, 0}, {NULL, 0}}, {7, "foo", 0xff0000ff, {NULL, 0}, {NULL, 0}}));
    rr_point_options point = rr_point_options_default();
    point.color = rr_rgb(255, 0, 0);
    good &= !rr_log_point(RR_CURRENT, "point", positions, 3, &point, NULL);
    const rr_vecs strip = RR_VECS3(0, 0, 0, 1, 1, 1); /* used up at the end of the line in C++ */
    return good && strip.n == 2 && !rr_log_clear(RR_CURRENT, "point", false) && !rr_log_scalar(RR_CURRENT, "scalar", 1.5);
}

static void *arm(void *path)
{
    rr_error err;
    memset(&err, 0, sizeof err);
    rr_stream_options opt = rr_stream_options_default("robot");
    opt.save = (const char *)path;
    opt.recording_id = "ours";
    rr_recording_stream rec = rr_recording_stream_open(&opt, &err);
    RR_WITH_RECORDING(rec) {
        if (rr_get_data_recording(RR_CURRENT) != rec)
            exit(2);
        rr_set_time_sequence(RR_CURRENT, "step", 7);
        rr_set_time_duration_secs(RR_CURRENT, "elapsed", 1.5);
        if (!bundles())
            exit(5);
    }
    if (rr_current() != 0)
        exit(3);
    rr_recording_stream_close(rec, 10.0f, &err);
    if (err.code)
        printf("%s: %#x %s\n", (const char *)path, (unsigned)err.code, err.description);
    return err.code ? path : NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    void *failed[2];
    char buf[64];
    if (argc != 3)
        return 2;
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, arm, argv[1 + i]))
            return 4;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], &failed[i]);
    rr_new_entity_path(buf, sizeof buf, RR_PATH("world", 42, "my image!"));
    return failed[0] || failed[1] || strcmp(buf, "/world/42/my\\ image\\!") != 0 || strcmp(RR_ENTITY_PATH("a", 1.5), "/a/1.5") != 0;
}
