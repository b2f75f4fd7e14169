/* Text or not. */
#include <string.h>

#include "ring/judge.h"
#include "tests/harness/test.h"

RT_TEST(the_first_bytes_decide)
{
    struct rt_judge text = {.left = RT_JUDGED_BYTES}, binary = text, late = text;
    char bytes[RT_JUDGED_BYTES];
    memset(bytes, 'a', sizeof bytes);
    CHECK(!rt_judge_binary(&text, bytes, 10));
    CHECK(!rt_judge_binary(&text, "\033[1mbold\r\n", 10));
    CHECK_INT(text.left, RT_JUDGED_BYTES - 20);
    CHECK(!rt_judge_binary(&binary, "\0\0\0\0", 4)); /* too few to tell */
    CHECK(rt_judge_binary(&binary, bytes, 12));
    CHECK_INT(binary.left, 0);
    CHECK(!rt_judge_binary(&late, bytes, sizeof bytes));
    CHECK_INT(late.left, 0);
    memset(bytes, 0, sizeof bytes);
    CHECK(!rt_judge_binary(&late, bytes, sizeof bytes));
}
