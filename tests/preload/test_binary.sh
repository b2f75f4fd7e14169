#!/bin/sh
# The file libretap-preload.so itself: it needs nothing, asks weakly, exports what its list says, and loads where there is no libc.
set -u
build=${RETAP_BUILD:-build/release}
so=$build/libretap-preload.so
here=$(dirname "$0")
root=$here/../..
passed=0 failed=0 skipped=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

check() { # NAME COMMAND...: passes when the command is silent and succeeds
    name=$1
    shift
    if said=$("$@" 2>&1) && [ -z "$said" ]; then
        passed=$((passed + 1))
    else
        echo "FAILED $name: $said" >&2
        failed=$((failed + 1))
    fi
}

needs_nothing() { ! readelf -d "$so" | grep NEEDED; }
imports_are_weak() { ! nm -D --undefined-only "$so" | grep -v ' w '; }
imports_are_listed() {
    nm -D --undefined-only "$so" | awk '{ print $NF }' | LC_ALL=C sort > "$tmp/imports"
    grep -v '^#' "$root/preload/imports.allow" | LC_ALL=C sort > "$tmp/allowed"
    LC_ALL=C comm -23 "$tmp/imports" "$tmp/allowed"
}
exports_are_those_of_the_list() {
    nm -D --defined-only "$so" | awk '{ print $NF }' | LC_ALL=C sort > "$tmp/exports"
    grep -v '^#' "$root/preload/libretap-preload.symbols" | LC_ALL=C sort > "$tmp/list"
    LC_ALL=C comm -3 "$tmp/exports" "$tmp/list"
}
no_versions() { ! readelf -V "$so" | grep -E 'GLIBC|RETAP'; }
static_tls() { ! { nm "$so" | grep __tls_get_addr; readelf -d "$so" | grep -q STATIC_TLS || echo "no STATIC_TLS"; } | grep .; }
runs_first() { readelf -d "$so" | grep -q INITFIRST; }
no_text_relocations() { ! readelf -d "$so" | grep TEXTREL; }
no_executable_stack() { ! readelf -lW "$so" | grep GNU_STACK | grep E; }

# 128 KiB of code at most: every process of the tree pays for the pages that it uses
small() { [ "$(objdump -h "$so" | awk '$2 == ".text" { print "0x" $3 }' | xargs printf '%d')" -lt 131072 ]; }
# clone and vfork by number return twice: nothing of ours may be on the stack then
syscall_leaves_by_a_jump() {
    objdump -d "$so" --disassemble=syscall | awk '/^ /' > "$tmp/syscall"
    grep -q 'jmp *\*' "$tmp/syscall" && ! grep -w -E 'push|call|sub' "$tmp/syscall"
}
# A program may have functions of the same names: what we call is ours, or libc's, never theirs.
calls_nothing_by_its_own_names() {
    readelf -rW "$so" | awk '$5 { sub(/@.*/, "", $5); print $5 }' | sort -u > "$tmp/wanted"
    nm -D --defined-only "$so" | awk '{ print $3 }' | sort -u > "$tmp/own"
    [ -s "$tmp/wanted" ] && [ -s "$tmp/own" ] && [ -z "$(comm -12 "$tmp/wanted" "$tmp/own")" ]
}
never_wraps_vfork() { ! nm -D --defined-only "$so" | grep -w -E 'vfork|__vfork|malloc|free|pthread_create'; }

check needs_nothing needs_nothing
check imports_are_weak imports_are_weak
check imports_are_listed imports_are_listed
check exports_are_those_of_the_list exports_are_those_of_the_list
check no_versions no_versions
check static_tls static_tls
check runs_first runs_first
check no_text_relocations no_text_relocations
check no_executable_stack no_executable_stack
check small small
check never_wraps_vfork never_wraps_vfork
check calls_nothing_by_its_own_names calls_nothing_by_its_own_names
if [ "$(uname -m)" = x86_64 ]; then check syscall_leaves_by_a_jump syscall_leaves_by_a_jump; else skipped=1; fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
