#include "collect/ticks.h"
#include "tests/harness/test.h"

/* A counter of 2.3 GHz that the kernel's clock leaves by @ppm. */
static uint64_t true_mono(uint64_t tick, double ppm)
{
    return 5000000000u + (uint64_t)((double)tick / 2.3 * (1 + ppm / 1e6));
}

RT_TEST(test_first_pair_is_taken_as_it_is)
{
    struct rt_ticks t = {0};
    rt_ticks_adjust(&t, 1000, 777, 0.5);
    CHECK_INT(rt_ticks_mono(&t, 1000), 777);
    CHECK_INT(rt_ticks_mono(&t, 1010), 782);
    CHECK_INT(rt_ticks_mono(&t, 990), 772);
}

RT_TEST(test_line_has_no_step_and_meets_the_clock)
{
    struct rt_ticks t = {0};
    uint64_t tick = 0, second = 2300000000u;
    rt_ticks_adjust(&t, 0, true_mono(0, 40), 1 / 2.3 * (1 + 15e-6)); /* a first measurement that is 25 ppm off */
    for (int i = 1; i < 10; i++) {
        tick += second;
        uint64_t before = rt_ticks_mono(&t, tick);
        rt_ticks_adjust(&t, tick, true_mono(tick, 40), 1 / 2.3 * (1 + 40e-6));
        int64_t step = (int64_t)(rt_ticks_mono(&t, tick) - before);
        CHECK(step >= -1 && step <= 1);
        CHECK(rt_ticks_mono(&t, tick + 1000) > rt_ticks_mono(&t, tick));
    }
    int64_t error = (int64_t)(rt_ticks_mono(&t, tick + second) - true_mono(tick + second, 40));
    CHECK(error > -100 && error < 100);
}

RT_TEST(test_suspend_is_a_step)
{
    struct rt_ticks t = {0};
    rt_ticks_adjust(&t, 0, 1000000000u, 1);
    rt_ticks_adjust(&t, 1000, 9000000000u, 1);
    CHECK_INT(rt_ticks_mono(&t, 1000), 9000000000);
}

RT_TEST(test_nonsense_changes_nothing)
{
    struct rt_ticks t = {0};
    rt_ticks_adjust(&t, 5, 100, 1);
    rt_ticks_adjust(&t, 10, 200, 0);
    rt_ticks_adjust(&t, 10, 200, -1);
    CHECK_INT(rt_ticks_mono(&t, 15), 110);
}
