# every test_*.c is one program of its own; tests/harness is linked into each
TEST_HARNESS := $(sort $(wildcard tests/harness/*.c))
TEST_SRCS := $(sort $(wildcard tests/unit/test_*.c tests/race/test_*.c tests/bridges/test_*.c tests/preload/test_*.c))
# host*.c: programs that tests/preload runs under the shim
HOST_SRCS := $(sort $(wildcard tests/preload/host*.c))
BENCH_SRCS := $(sort $(wildcard tests/bench/*.c))
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
