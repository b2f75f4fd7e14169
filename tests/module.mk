# every test_*.c is one program of its own; tests/harness is linked into each
TEST_HARNESS := $(sort $(wildcard tests/harness/*.c))
TEST_SRCS := $(sort $(wildcard tests/unit/test_*.c tests/race/test_*.c tests/bridges/test_*.c tests/preload/test_*.c))
# programs that are run under the shim: they know nothing of retap
# (a plugin is none; who loads it builds it)
HOST_SRCS := $(sort $(filter-out %/plugin.c,$(wildcard tests/preload/host*.c tests/preload/progs/*.c tests/run/hosts/*.c tests/bench/hosts/*.c)))
# programs that scripts of a suite use, linked to libretap and the bridges
TOOL_SRCS := $(sort $(filter-out %/test_% tests/bench/sdk.c,$(wildcard tests/judge/*.c tests/viewer/*.c tests/cli/*.c tests/bench/*.c)))
# programs of a user: they see the public headers and the shared library only
PAIR_SRCS := $(sort $(wildcard tests/pairs/*.c tests/run/sdk/*.c))
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
