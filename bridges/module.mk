# the retap command and everything behind it
BRIDGES_SRCS := $(sort $(wildcard bridges/collect/*.c bridges/meaning/*.c bridges/symbols/*.c bridges/cli/*.c))
