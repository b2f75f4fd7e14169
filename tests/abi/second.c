/* The same headers in another file of the program: nothing in them is defined twice. */
#include <rerun.h>
#include <retap.h>

int second(void);
int second(void)
{
#ifndef __cplusplus
    rr_string s = rr_make_string("x");
    if (s.length_in_bytes != 1 || rr_make_string(NULL).length_in_bytes != 0)
        return 1;
#endif
    return rr_retap_version() == NULL || rr_get_global(RR_STORE_KIND_RECORDING) != 0;
}
