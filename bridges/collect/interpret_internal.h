/* The parts of the interpreter, to each other (interpret.h is what others see):
 *
 *   interpret.c  blocks, threads, records in their thread's order ──▶ a handler by the record's type
 *   vouch.c      whether a segment may speak for a process
 *   events.c     what the collector itself saw: clocks, dead segments, ends, damage
 *   speech.c     DATA, RESULT, MESSAGE, LOST: calls → assembler of the stream → rows
 *   sent.c       calls to log daemons and to files that were asked for → rows (channel.h keeps what is unfinished)
 *   life.c       PROCESS, EXEC, EXIT, WAITED: processes start, end, or are not covered
 *   called.c     what is known of a call: its place, format and arguments as cells of its row
 *   emit.c       rows leave: which entity, which time
 *   state.c      all of it into the checkpoint and back
 *
 * Calls go down this list, but for the table of threads (used by events.c and state.c).
 * Records that are handed on are borrowed for the call; only speech keeps some (thread.h, pending). */
#ifndef RT_COLLECT_INTERPRET_INTERNAL_H
#define RT_COLLECT_INTERPRET_INTERNAL_H

#include "collect/interpret.h"
#include "collect/thread.h"

/* One record, in its thread's order. */
typedef void rt__handler(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r);

/* ---------------------------------------------------------------- interpret.c */
/* Finds or makes; NULL without memory. */
struct rt_thread *rt__thread_get(struct rt_interpreter *it, uint32_t segment, uint32_t pid, uint32_t tid);
/* It has something open, which rt_interpreter_idle() looks after. */
void rt__thread_dirty(struct rt_interpreter *it, struct rt_thread *t);
/* Says what the threads of a segment left open, and forgets them. */
void rt__threads_close(struct rt_interpreter *it, uint32_t segment);

/* What the thread said so far is all that it says. */
void rt__thread_finish(struct rt_interpreter *it, struct rt_thread *t);

/* ---------------------------------------------------------------- vouch.c */
/* Decides whether the thread's records are believed to be its process's: t->refused. */
void rt__vouch(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r);
/* The process writes to @segment from now on. */
void rt__settle_in(struct rt_interpreter *it, struct rt_proc *p, uint32_t segment);
/* The process that the thread's rows belong to; NULL without memory, which is noted. */
struct rt_proc *rt__proc_of(struct rt_interpreter *it, const struct rt_thread *t);

/* ---------------------------------------------------------------- events.c */
void rt__event(struct rt_interpreter *it, const struct rt_block *b);

/* ---------------------------------------------------------------- speech.c */
rt__handler rt__speech_data, rt__speech_result, rt__speech_message, rt__speech_lost, rt__speech_named;
/* The thread's assembler of stdout (0) or stderr (1), made at first use. */
struct rt_assembler *rt__assembler(struct rt_interpreter *it, struct rt_thread *t, uint32_t i);
/* The pending call is over: what it wrote, as far as is known. */
void rt__speech_flush(struct rt_interpreter *it, struct rt_thread *t);
/* Records are missing: open lines end here. */
void rt__speech_gap(struct rt_interpreter *it, struct rt_thread *t);
/* Finishes what waited long enough. Return: something is still open. */
bool rt__speech_idle(struct rt_interpreter *it, struct rt_thread *t, uint64_t mono_ns);
void rt__speech_close(struct rt_interpreter *it, struct rt_thread *t);

/* ---------------------------------------------------------------- sent.c */
/* Is the call that the record belongs to one for a log daemon or a file? */
bool rt__sent_takes(const struct rt_record *r);
/* The pending call is such a one, and over: the first @left bytes of it count; @failed: it said that it did nothing. */
void rt__sent_call(struct rt_interpreter *it, struct rt_thread *t, uint64_t left, bool failed);
/* An entry that a function of libsystemd was given, in fields. */
void rt__sent_entry(struct rt_interpreter *it, struct rt_thread *t, const struct rt_call *call, const uint8_t *args, const void *fields, size_t n,
                    uint64_t mono_ns, uint32_t flags);
rt__handler rt__sent_file;
/* As speech.c's. */
void rt__sent_gap(struct rt_interpreter *it, struct rt_thread *t);
bool rt__sent_idle(struct rt_interpreter *it, struct rt_thread *t, uint64_t mono_ns);
void rt__sent_close(struct rt_interpreter *it, struct rt_thread *t);
/* Of a new channel; its default level depends on what it is. */
struct rt_assembler_options rt__channel_options(const struct rt_interpreter *it);

/* ---------------------------------------------------------------- life.c */
rt__handler rt__life_process, rt__life_exec, rt__life_exit, rt__life_waited, rt__life_module;
/* The thread's process has changed user, root or namespaces: told once, and in each row from here on. */
void rt__life_cred(struct rt_interpreter *it, struct rt_thread *t, uint64_t mono_ns);
/* A row of the process comes: the first after a start makes it "running". */
void rt__life_spoke(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns);
/* Somebody who waited saw how it ended; told in its turn. */
void rt__life_end(struct rt_interpreter *it, const struct rt_end *end);
/* Tells the ends before @mono_ns, by which time all was read that those processes wrote: their names are
 * known, their last words said. */
void rt__life_tell_ends(struct rt_interpreter *it, uint64_t mono_ns);
void rt__life_segment_dead(struct rt_interpreter *it, uint32_t segment, uint64_t mono_ns);
/* Ends that nobody saw, execs after which nothing came, processes to forget: all before @before_ns. */
void rt__life_sweep(struct rt_interpreter *it, uint64_t before_ns, uint64_t mono_ns);
void rt__life_finish(struct rt_interpreter *it);

/* ---------------------------------------------------------------- called.c */
/* @whole: the row is what the call printed, so that its format and arguments are the row's. Borrows until the next call of it. */
void rt__called(struct rt_interpreter *it, const struct rt_thread *t, const struct rt_proc *p, const struct rt_call *call,
                const uint8_t *args, bool whole, struct rt_log_row *row);

/* ---------------------------------------------------------------- emit.c */
int64_t rt__real_ns(const struct rt_interpreter *it, uint64_t mono_ns);
/* Finds or makes; NULL without memory, which is noted. */
struct rt_proc *rt__proc_get(struct rt_interpreter *it, uint32_t pid);
void rt__emit(struct rt_interpreter *it, struct rt_proc *p, enum rt_source source,
              const struct rt_log_row *row);
/* … in an entity of its own. */
void rt__emit_to(struct rt_interpreter *it, const struct rt_proc *p, struct rt_entity *e, const struct rt_log_row *row);
/* A row under the process' own source. */
void rt__emit_process(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, enum rt_level level,
                      const char *text);
/* One change of the program's state lane; @status < 0: none. With the command line where it is new: "started", and "not covered" with
 * @reason, else NULL. */
void rt__emit_state(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, const char *state,
                    int64_t status, const char *reason);

#endif
