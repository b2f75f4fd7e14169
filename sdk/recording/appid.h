/* Application ids: readers since 0.36 rewrite what is not a plain name, with a warning; so it is done here
 * first, by the same rule. */
#ifndef RT_RECORDING_APPID_H
#define RT_RECORDING_APPID_H

/* Return: gives the id to use (caller frees); a copy when @id is fine already. NULL without memory. @id is
 * not empty. */
char *rt_appid_rewrite(const char *id);

#endif
