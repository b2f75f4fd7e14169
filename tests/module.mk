# every test_*.c is one program of its own; tests/harness is linked into each
TEST_HARNESS := $(sort $(wildcard tests/harness/*.c))
TEST_SRCS := $(sort $(wildcard tests/unit/test_*.c tests/race/test_*.c tests/bridges/test_*.c))
