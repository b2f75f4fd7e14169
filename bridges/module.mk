# the retap command and everything behind it
BRIDGES_SRCS := $(sort $(wildcard $(foreach d,collect meaning syslog journal symbols stdio cli,bridges/$(d)/*.c)))
