# the retap command and everything behind it
BRIDGES_SRCS := $(sort $(wildcard $(foreach d,collect meaning syslog journal symbols stdio cli,bridges/$(d)/*.c)))
# adapters of logging frameworks: a library each, built where the framework's headers are (pkg-config name, of which libretap-<folder>.so)
PKG_glib := glib-2.0
PKG_log4c := log4c
ADAPTERS := $(foreach a,glib log4c,$(if $(shell pkg-config --exists $(PKG_$(a)) 2>/dev/null && echo yes),$(a)))
