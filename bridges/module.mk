# the retap command and everything behind it
BRIDGES_SRCS := $(sort $(wildcard $(foreach d,collect meaning syslog journal symbols stdio cli,bridges/$(d)/*.c)))
# adapters of logging frameworks: a library each, built where the framework's headers are (pkg-config name, of which libretap-<folder>.so)
ADAPTERS := $(if $(shell pkg-config --exists glib-2.0 2>/dev/null && echo yes),glib)
PKG_glib := glib-2.0
