/* Names of functions, asked of programs that a compiler, strip and objcopy made, with nm's list as the truth; and of broken ones. */
#include "tests/harness/test.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "symbols/elf.h"
#include "symbols/symbols.h"
#include "symbols/table.h"

static const char program[] =
    "#include <stdio.h>\n"
    "int exported_one(int x) { return x * 3; }\n"
    "__attribute__((noinline)) static int hidden_two(int x) { return x + 7 + exported_one(x); }\n"
    "int exported_three(int x) { return hidden_two(x) / 2; }\n"
    "__asm__(\".text\\n.p2align 6\\n\"\n"
    "  \".type a_local,@function\\na_local:\\n.globl the_global\\n.type the_global,@function\\nthe_global:\\n\"\n"
    "  \".weak a_weak\\n.type a_weak,@function\\na_weak:\\n.fill 16,1,0x90\\n.size a_local,.-a_local\\n.size the_global,.-the_global\\n"
    ".size a_weak,.-a_weak\\n.fill 16,1,0x90\\n\"\n" /* a hole of 16 bytes */
    "  \".globl outer\\n.type outer,@function\\nouter:\\n.fill 16,1,0x90\\n.type inner,@function\\ninner:\\n.fill 8,1,0x90\\n"
    ".size inner,.-inner\\n.fill 8,1,0x90\\n.size outer,.-outer\\n\"\n"
    "  \".globl no_size\\n.type no_size,@function\\nno_size:\\n.fill 32,1,0x90\\n\"\n"
    "  \".globl behind\\n.type behind,@function\\nbehind:\\n.fill 4,1,0x90\\n.size behind,4\\n.fill 60,1,0x90\\n\");\n"
    "int main(void) { return printf(\"%d\\n\", exported_three(4)) < 0; }\n";

static char dir[64];

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *fmt, ...)
{
    char command[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    if (system(command) != 0)
        rt_test_fail(__FILE__, __LINE__, "failed: %s", command);
}

static const char *in_dir(const char *name)
{
    static char path[4][128];
    static unsigned at;
    char *p = path[at++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void remove_dir(void)
{
    run("rm -rf %s", dir);
}

/* The program above as dir/prog. */
static const char *build(const char *flags)
{
    snprintf(dir, sizeof dir, "/tmp/retap-symbols-XXXXXX");
    CHECK(mkdtemp(dir));
    atexit(remove_dir);
    FILE *f = fopen(in_dir("prog.c"), "w");
    CHECK(f && fputs(program, f) >= 0 && fclose(f) == 0);
    run("gcc -g0 -O1 -Wl,--build-id=sha1 %s -o %s %s", flags, in_dir("prog"), in_dir("prog.c"));
    return in_dir("prog");
}

/* As nm has it. */
static uint64_t address(const char *file, const char *symbol, uint64_t *ret_size)
{
    char command[256], line[512], name[256], type;
    unsigned long long at = 0, size = 0, found = 0;
    snprintf(command, sizeof command, "nm -S %s", file);
    FILE *p = popen(command, "r");
    while (p && fgets(line, sizeof line, p)) {
        size = 0;
        if ((sscanf(line, "%llx %llx %c %255s", &at, &size, &type, name) == 4 || sscanf(line, "%llx %c %255s", &at, &type, name) == 3) &&
            !strcmp(name, symbol)) {
            found = at;
            if (ret_size)
                *ret_size = size;
        }
    }
    CHECK(p && pclose(p) == 0 && found);
    return found;
}

static size_t id_of(const char *file, uint8_t *id)
{
    struct rt_elf e;
    CHECK_INT(rt_elf_open(&e, file), 0);
    size_t n = rt_elf_build_id(&e, id);
    rt_elf_close(&e);
    return n;
}

static struct rt_symbols_module *module_of(struct rt_symbols *s, const char *file)
{
    uint8_t id[RT_BUILD_ID_MAX];
    size_t n = id_of(file, id);
    CHECK_INT(n, 20);
    return rt_symbols_module(s, file, id, n);
}

static void check_name(struct rt_symbols_module *m, uint64_t at, const char *name)
{
    const char *found = rt_symbols_function(m, at);
    CHECK_STR(found ? found : "(none)", name ? name : "(none)");
}

static void check_covers(struct rt_symbols_module *m, const char *file, const char *symbol)
{
    uint64_t size = 0, at = address(file, symbol, &size);
    CHECK(size > 1);
    check_name(m, at, symbol);
    check_name(m, at + size / 2, symbol);
    check_name(m, at + size - 1, symbol);
    const char *after = rt_symbols_function(m, at + size);
    CHECK(!after || strcmp(after, symbol));
    const char *before = rt_symbols_function(m, at - 1);
    CHECK(!before || strcmp(before, symbol));
}

RT_TEST(test_functions_cover_their_bytes_and_no_more)
{
    const char *file = build("");
    struct rt_symbols *s = rt_symbols_new();
    struct rt_symbols_module *m = module_of(s, file);
    check_covers(m, file, "exported_one");
    check_covers(m, file, "hidden_two");
    check_covers(m, file, "exported_three");
    check_covers(m, file, "main");
    check_name(m, 0, NULL);
    check_name(m, UINT64_MAX, NULL);
    CHECK(module_of(s, file) == m);
    rt_symbols_free(s);
}

RT_TEST(test_aliases_nests_holes_and_symbols_without_size)
{
    const char *file = build("");
    struct rt_symbols *s = rt_symbols_new();
    struct rt_symbols_module *m = module_of(s, file);
    uint64_t global = address(file, "the_global", NULL), outer = address(file, "outer", NULL), no_size = address(file, "no_size", NULL);
    check_name(m, global, "the_global");
    check_name(m, global + 15, "the_global");
    check_name(m, global + 16, NULL);
    check_name(m, outer - 1, NULL);
    check_name(m, outer + 15, "outer");
    check_name(m, outer + 16, "inner");
    check_name(m, outer + 23, "inner");
    check_name(m, outer + 24, "outer");
    check_name(m, outer + 31, "outer");
    check_name(m, no_size, "no_size");
    check_name(m, no_size + 31, "no_size");
    check_name(m, no_size + 32, "behind");
    check_name(m, no_size + 36, NULL);
    rt_symbols_free(s);
}

RT_TEST(test_fixed_addresses_and_32_bit_files)
{
    const char *file = build("-no-pie");
    struct rt_symbols *s = rt_symbols_new();
    check_covers(module_of(s, file), file, "hidden_two");
    s = rt_symbols_free(s);
    if (system("echo 'int main(void) { return 0; }' | gcc -m32 -x c - -o /dev/null 2>/dev/null"))
        rt_test_skip("gcc -m32 does not work here");
    file = build("-m32");
    s = rt_symbols_new();
    check_covers(module_of(s, file), file, "hidden_two");
    rt_symbols_free(s);
}

RT_TEST(test_stripped_file_has_its_dynamic_symbols)
{
    const char *file = build("-rdynamic");
    uint64_t one = address(file, "exported_one", NULL), two = address(file, "hidden_two", NULL);
    run("strip %s", file);
    struct rt_symbols *s = rt_symbols_new();
    rt_symbols_debug_dir(s, dir);
    check_name(module_of(s, file), one, "exported_one");
    check_name(module_of(s, file), two, NULL);
    rt_symbols_free(s);
}

/* dir/.build-id/xx/yyyy.debug for dir/prog, and prog stripped of its symbols. */
static void split(const char *debug)
{
    const char *file = in_dir("prog");
    run("objcopy --only-keep-debug %s %s && strip %s && objcopy --add-gnu-debuglink=%s %s", file, debug, file, debug, file);
}

RT_TEST(test_separate_file_is_found_by_build_id)
{
    uint8_t id[RT_BUILD_ID_MAX];
    char hex[48], debug[200];
    const char *file = build("");
    uint64_t two = address(file, "hidden_two", NULL);
    id_of(file, id);
    for (int i = 0; i < 20; i++)
        sprintf(hex + 2 * i, "%02x", id[i]);
    run("mkdir -p %s/.build-id/%.2s", dir, hex);
    snprintf(debug, sizeof debug, "%s/.build-id/%.2s/%s.debug", dir, hex, hex + 2);
    split(debug);
    struct rt_symbols *s = rt_symbols_new();
    rt_symbols_debug_dir(s, dir);
    check_name(module_of(s, file), two, "hidden_two");
    rt_symbols_free(s);
}

RT_TEST(test_separate_file_is_found_by_link)
{
    static const char *const places[] = {"%s/x.debug", "%s/.debug/x.debug", "%s/root%s/x.debug"};
    for (unsigned i = 0; i < 3; i++) {
        char debug[256];
        const char *file = build("");
        uint64_t two = address(file, "hidden_two", NULL);
        snprintf(debug, sizeof debug, places[i], dir, dir); /* the first two use one */
        run("mkdir -p %s/.debug %s/root%s", dir, dir, dir);
        split(debug);
        struct rt_symbols *s = rt_symbols_new();
        char root[80];
        snprintf(root, sizeof root, "%s/root", dir);
        rt_symbols_debug_dir(s, root);
        check_name(module_of(s, file), two, "hidden_two");
        rt_symbols_free(s);
        remove_dir();
    }
}

RT_TEST(test_file_of_another_build_never_speaks)
{
    const char *file = build("");
    uint64_t one = address(file, "exported_one", NULL);
    uint8_t id[RT_BUILD_ID_MAX];
    size_t n = id_of(file, id);
    run("gcc -g0 -O1 -DX -Wl,--build-id=0x0102030405060708 -o %s.new %s && mv %s.new %s", file, in_dir("prog.c"), file, file);
    struct rt_symbols *s = rt_symbols_new();
    check_name(rt_symbols_module(s, file, id, n), one, NULL);
    check_name(rt_symbols_module(s, file, id, 0), one, NULL); /* nothing to hold it against */
    n = id_of(file, id);
    CHECK_INT(n, 8);
    check_name(rt_symbols_module(s, file, id, n), one, "exported_one");
    rt_symbols_free(s);
}

RT_TEST(test_files_are_read_once_and_closed)
{
    const char *file = build("");
    struct rt_symbols *s = rt_symbols_new();
    struct rt_symbols_module *m = module_of(s, file);
    uint64_t one = address(file, "exported_one", NULL);
    check_name(m, one, "exported_one");
    CHECK_INT(unlink(file), 0);
    check_name(m, one + 1, "exported_one"); /* that no descriptor stays is checked by the harness */
    rt_symbols_free(s);
}

RT_TEST(test_what_is_no_program_has_no_names)
{
    static const char *const paths[] = {"/dev/zero", "/dev/null", "/tmp", "/proc/self/mem", "/nonexistent", "", "fifo"};
    const uint8_t id[4] = {1, 2, 3, 4};
    struct rt_symbols *s = rt_symbols_new();
    build("");
    CHECK_INT(mkfifo(in_dir("fifo"), 0600), 0);
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++)
        check_name(rt_symbols_module(s, strcmp(paths[i], "fifo") ? paths[i] : in_dir("fifo"), id, sizeof id), 4096, NULL);
    rt_symbols_free(s);
}

RT_TEST(test_modules_beyond_the_limit_have_no_names)
{
    const char *file = build("");
    struct rt_symbols *s = rt_symbols_new();
    uint64_t one = address(file, "exported_one", NULL);
    for (uint32_t i = 0; i < RT_SYMBOLS_MODULES_MAX + 100; i++) {
        char path[64];
        snprintf(path, sizeof path, "/nonexistent/%u", i);
        check_name(rt_symbols_module(s, path, (const uint8_t *)"1234", 4), 1, NULL);
    }
    check_name(module_of(s, file), one, NULL);
    rt_symbols_free(s);
}

/* ---------------------------------------------------------------- hostile files */
static uint8_t image[1 << 16];
static size_t image_size;

static void load_image(const char *file)
{
    FILE *f = fopen(file, "rb");
    CHECK(f);
    image_size = fread(image, 1, sizeof image, f);
    fclose(f);
    CHECK(image_size > 1000 && image_size < sizeof image);
}

/* Asks for names of a file with these bytes, whatever its build id. Any answer is right that does not crash. */
static void ask(const char *file, const uint8_t *bytes, size_t n)
{
    struct rt_elf e;
    struct rt_symbols_table t;
    uint8_t id[RT_BUILD_ID_MAX];
    int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && close(fd) == 0);
    if (rt_elf_open(&e, file) < 0)
        return;
    size_t id_len = rt_elf_build_id(&e, id);
    rt_elf_named(&e, ".gnu_debuglink");
    for (unsigned type = SHT_SYMTAB; type <= SHT_DYNSYM; type += SHT_DYNSYM - SHT_SYMTAB)
        if (rt_symbols_table_init(&t, &e, type, 1 << 20) == 0) {
            CHECK(t.bytes <= 1 << 20);
            for (uint64_t at = 0; at < 1 << 14; at += 7)
                if (rt_symbols_table_find(&t, at))
                    CHECK(strlen(rt_symbols_table_find(&t, at)) < RT_SYMBOL_NAME_MAX);
            rt_symbols_table_deinit(&t);
        }
    rt_elf_close(&e);
    struct rt_symbols *s = rt_symbols_new();
    rt_symbols_function(rt_symbols_module(s, file, id, id_len), 0x1139);
    rt_symbols_free(s);
}

RT_TEST(test_truncated_files)
{
    load_image(build(""));
    for (size_t n = 0; n < image_size; n += n < 4096 ? 5 : 61)
        ask(in_dir("bad"), image, n);
}

RT_TEST(test_lying_files)
{
    uint64_t x = 88172645463325252ull;
    load_image(build(""));
    Elf64_Ehdr *h = (Elf64_Ehdr *)(void *)image;
    size_t sections = h->e_shoff, n_sections = h->e_shnum;
    for (int round = 0; round < 3000; round++) {
        uint8_t kept[8 * 4];
        size_t at[4];
        for (int i = 0; i < 4; i++) { /* in the header, the section headers or anywhere; often with telling numbers */
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            static const uint64_t telling[] = {0, 1, 8, 24, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, UINT64_MAX};
            size_t where = x % 3 == 0 ? x / 3 % sizeof *h : x % 3 == 1 ? sections + x / 3 % (n_sections * 64) : x / 3 % image_size;
            size_t width = x >> 60 & 1 ? 8 : x >> 61 & 1 ? 4 : 1;
            uint64_t value = x >> 62 ? telling[x >> 32 & 7] : x;
            at[i] = where < image_size - 8 ? where & ~(width - 1) : 64;
            memcpy(kept + 8 * i, image + at[i], 8);
            memcpy(image + at[i], &value, width);
        }
        memcpy(image, ELFMAG, SELFMAG);
        ask(in_dir("bad"), image, image_size);
        for (int i = 3; i >= 0; i--)
            memcpy(image + at[i], kept + 8 * i, 8);
    }
}

/* The symbol table's header of the image. */
static Elf64_Shdr *symtab_header(void)
{
    Elf64_Ehdr *h = (Elf64_Ehdr *)(void *)image;
    Elf64_Shdr *s = (Elf64_Shdr *)(void *)(image + h->e_shoff);
    for (int i = 0; i < h->e_shnum; i++)
        if (s[i].sh_type == SHT_SYMTAB)
            return &s[i];
    rt_test_fail(__FILE__, __LINE__, "no .symtab");
}

RT_TEST(test_huge_claims_take_no_memory)
{
    load_image(build(""));
    symtab_header()->sh_size = 24ull << 36;
    const char *file = in_dir("huge");
    ask(file, image, image_size);
    CHECK_INT(truncate(file, 4ll << 40), 0); /* and now the bytes are there, as a hole */
    struct rt_elf e;
    struct rt_symbols_table t;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    CHECK_INT(rt_elf_open(&e, file), 0);
    CHECK_INT(rt_symbols_table_init(&t, &e, SHT_SYMTAB, 1 << 20), -ENODATA);
    rt_elf_close(&e);
    ((Elf64_Ehdr *)(void *)image)->e_shnum = 0; /* as many sections as the first one says */
    ask(file, image, image_size);
    getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_maxrss - before.ru_maxrss < 32 << 10);
}

RT_TEST(test_table_respects_its_budget)
{
    struct rt_elf e;
    struct rt_symbols_table t;
    CHECK_INT(rt_elf_open(&e, build("")), 0);
    CHECK_INT(rt_symbols_table_init(&t, &e, SHT_SYMTAB, 100), -EFBIG);
    CHECK_INT(rt_symbols_table_init(&t, &e, SHT_SYMTAB, 100000), 0);
    CHECK(t.bytes > 100 && t.bytes < 100000);
    rt_symbols_table_deinit(&t);
    rt_elf_close(&e);
}

/* Symbols that all contain each other must not make lookups or the table quadratic. */
RT_TEST(test_nested_without_end)
{
    enum { N = 200000 };
    const char *source = (build(""), in_dir("nest.s")), *file = in_dir("nest");
    FILE *f = fopen(source, "w");
    fputs(".text\n", f);
    for (int i = 0; i < N; i++)
        fprintf(f, ".type f%d,@function\nf%d: nop\n.size f%d,%d\n", i, i, i, 2 * (N - i));
    fprintf(f, ".fill %d,1,0x90\n.globl _start\n_start: nop\n", 2 * N);
    CHECK_INT(fclose(f), 0);
    run("gcc -nostdlib -Wl,--build-id=sha1 -o %s -x assembler %s", file, source);
    struct rt_symbols *s = rt_symbols_new();
    struct rt_symbols_module *m = module_of(s, file);
    uint64_t at = address(file, "f0", NULL);
    clock_t start = clock();
    check_name(m, at, "f0");
    check_name(m, at + N - 1, "f199999");
    check_name(m, at + N + 10, "f199989");
    check_name(m, at + 2 * N - 1, "f0");
    CHECK((clock() - start) / CLOCKS_PER_SEC < 5);
    rt_symbols_free(s);
}
