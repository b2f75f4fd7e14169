/* The environment of the next program, which exec and spawn hooks put in place of what the caller gave.
 *
 *   LD_PRELOAD      names us: stays as it is. Names others or nobody: our own entry is put behind. Names us where we can't be read any more
 *                   (after a chroot), or before a program of another machine or word size: our entry is left out, since the loader would
 *                   complain
 *   RETAP_RUN …     (rt_forward) are added where they are missing; RETAP_FDS is always composed anew
 *
 * So a program that empties the environment, or makes a new one, stays in the recording; RETAP=0 in the environment says that the next
 * program shall not, and another run's RETAP_RUN that it is recorded there. Entries are only added or exchanged, in their place; foreign
 * ones stay as they are. All in the caller's frame, without allocation: it may be a vfork child. */
#ifndef RT_PRELOAD_NEXTENV_H
#define RT_PRELOAD_NEXTENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RT_NEXT_VARIABLES 5 /* rt_forward has no more */

enum rt_preload_edit { RT_PRELOAD_STAYS, RT_PRELOAD_ADD, RT_PRELOAD_CUT };

struct rt_next {
    char *const *envp;
    const char *preload; /* the value of LD_PRELOAD, NULL = none */
    uint32_t n, preload_at;
    enum rt_preload_edit edit;
    bool covered; /* the next program will load us */
    bool has[RT_NEXT_VARIABLES];
};

/* Notes what is handed on: our entry in LD_PRELOAD, the variables. A program may write over its environment. */
void rt_next_start(char *const *envp);
void rt_next_set_run(const char *dir);
/* "RETAP_RUN=DIR" */
const char *rt_next_run(void);
/* Did LD_PRELOAD name us? */
bool rt_next_is_named(void);
/* What is to be done to @envp for the program @path, NULL = not known. Return: bytes of room that rt_next_make() needs, 0 = it goes on as
 * it is. */
size_t rt_next_plan(struct rt_next *p, char *const *envp, const char *path);
/* Return: the new environment, in @room, with borrowed entries of the old one. */
char *const *rt_next_make(const struct rt_next *p, void *room);

/* Declares `next`, good until the caller returns. */
#define RT_NEXT_ENVIRONMENT(envp_, path_) \
    struct rt_next plan_; \
    size_t room_ = rt_next_plan(&plan_, envp_, path_); \
    char *const *next = room_ ? rt_next_make(&plan_, __builtin_alloca(room_)) : (envp_)

#endif
