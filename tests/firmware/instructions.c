/* A plugin of QEMU that counts a board's instructions and acts on the count. Its arguments; addresses are of the image:

     range=NAME:BEGIN:END[:END...]   counts the instructions from the one at BEGIN to the one at an END, each time
     report=ADDRESS                  prints the sum of each range, and its longest time, when this one is executed
     after=ADDRESS,from=ADDRESS,pass=N
                                     from the time on that `from` is executed, N times let by before, counted from the
                                     first time on that `after` is executed, if it is given ...
     cut=N                           ... the processor stands still for ever after N instructions, and "cut" is printed
     send=FILE,socket=PATH,every=N,tick=ADDRESS
                                     ... FILE goes to the UART behind the socket, a byte each N instructions and each
                                     time the one at `tick` is executed, whichever comes first. Nothing holds this
   sender back: a byte that the UART has no room for is counted as overrun.

   A count is right to a block of a few instructions. What is printed goes to standard error.
   QEMU comes without a header for plugins; these are the declarations of its API, version 1. */
#define _DEFAULT_SOURCE
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
typedef void (*on_block_t)(uint64_t id, struct qemu_plugin_tb *block);
typedef void (*on_execution_t)(unsigned cpu, void *ctx);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, on_block_t call);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, on_execution_t call, int flags, void *ctx);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation, void *sum, uint64_t addend);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, on_execution_t call, int flags, void *ctx);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

EXPORTED extern int qemu_plugin_version;
EXPORTED int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv);
int qemu_plugin_version = 1;

#define RANGES 8
#define ENDS 8

typedef struct {
    char name[32];
    uint64_t begin;
    uint64_t ends[ENDS];
    bool inside;
    uint64_t begun;
    uint64_t sum;
    uint64_t longest;
    unsigned times;
} range_t;

static uint64_t executed;
static range_t ranges[RANGES];
static size_t range_count;
static uint64_t report;
static uint64_t after;
static bool is_after;
static uint64_t from;
static uint64_t pass;
static bool begun; /* `from` was executed often enough */
static uint64_t begun_at;
static uint64_t cut;

static struct {
    uint8_t bytes[65536];
    size_t len, at;
    const char *path;
    int socket;
    uint64_t every, sent_at, late_at, tick;
    unsigned overrun;
    unsigned inside; /* bytes that were sent inside the first range */
} sender;

/* --- a sender that cannot be stopped --- */

static void connect_sender(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, sender.path, sizeof address.sun_path - 1);
    sender.socket = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(sender.socket, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("plugin: connect");
        exit(1);
    }
}

/* QEMU takes a byte out of the socket at once unless its UART is full; meanwhile the processor stands still. */
static bool is_taken(int milliseconds)
{
    for (int tries = 0; tries < 20 * milliseconds; tries++) {
        int unread = 0;
        if (ioctl(sender.socket, SIOCOUTQ, &unread) == 0 && unread == 0) {
            return true;
        }
        usleep(50);
    }
    return false;
}

/* The byte before must be out of the UART by now. QEMU itself may be late on a busy machine, with the processor
   standing still: so the byte is lost only when the processor, after it was found there, had the time of a byte to
   itself. */
static bool is_late(void)
{
    if (is_taken(sender.late_at == 0 ? 20 : 1000)) {
        sender.late_at = 0;
        return false;
    }
    if (sender.late_at != 0 && executed - sender.late_at >= sender.every) {
        sender.overrun++;
        sender.late_at = 0;
        return false;
    }
    sender.late_at = sender.late_at == 0 ? executed : sender.late_at;
    return true;
}

static void send_byte(void)
{
    if (sender.at == sender.len) {
        return;
    }
    sender.sent_at = executed;
    if (is_late()) {
        return;
    }
    if (write(sender.socket, &sender.bytes[sender.at++], 1) != 1) {
        perror("plugin: write");
    }
    sender.inside += range_count > 0 && ranges[0].inside;
    if (sender.at == sender.len) {
        fprintf(stderr, "plugin: sent %zu overrun %u inside %u\n", sender.len, sender.overrun, sender.inside);
    }
}

/* While a byte waits the processor stands still, but its clock does not: a tick that follows at once is none of the
   board's time, and would keep it from ever taking the byte. */
static void on_tick(unsigned cpu, void *ctx)
{
    (void)cpu, (void)ctx;
    if (begun && executed - sender.sent_at > 500) {
        send_byte();
    }
}

/* --- counting --- */

static void on_block(unsigned cpu, void *ctx)
{
    (void)cpu, (void)ctx;
    if (!begun) {
        return;
    }
    if (cut > 0 && executed - begun_at >= cut) {
        fprintf(stderr, "plugin: cut\n");
        for (;;) {
            pause();
        }
    }
    if (sender.at < sender.len && executed - sender.sent_at >= sender.every) {
        send_byte();
    }
}

static void on_from(unsigned cpu, void *ctx)
{
    (void)cpu, (void)ctx;
    if ((after == 0 || is_after) && !begun && pass-- == 0) {
        begun = true;
        begun_at = executed;
        if (sender.len > 0) {
            connect_sender();
        }
    }
}

static void on_after(unsigned cpu, void *ctx)
{
    (void)cpu, (void)ctx;
    is_after = true;
}

static void on_begin(unsigned cpu, void *ctx)
{
    (void)cpu;
    range_t *range = ctx;
    range->inside = true;
    range->begun = executed;
}

static void on_end(unsigned cpu, void *ctx)
{
    (void)cpu;
    range_t *range = ctx;
    if (range->inside) {
        uint64_t length = executed - range->begun;
        range->inside = false;
        range->sum += length;
        range->longest = length > range->longest ? length : range->longest;
        range->times++;
    }
}

static void on_report(unsigned cpu, void *ctx)
{
    (void)cpu, (void)ctx;
    for (range_t *range = ranges; range < ranges + range_count; range++) {
        fprintf(stderr, "plugin: %s %llu in %u\n", range->name, (unsigned long long)range->sum, range->times);
        fprintf(stderr, "plugin: %s longest %llu\n", range->name, (unsigned long long)range->longest);
    }
}

static void watch(struct qemu_plugin_insn *insn, uint64_t address, on_execution_t call, void *ctx)
{
    if (address != 0 && qemu_plugin_insn_vaddr(insn) == address) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, call, 0, ctx);
    }
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(block);
    qemu_plugin_register_vcpu_tb_exec_inline(block, 0, &executed, count);
    if (cut > 0 || sender.len > 0) {
        qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, 0, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        watch(insn, after, on_after, NULL);
        watch(insn, from, on_from, NULL);
        watch(insn, sender.tick, on_tick, NULL);
        watch(insn, report, on_report, NULL);
        for (range_t *range = ranges; range < ranges + range_count; range++) {
            watch(insn, range->begin, on_begin, range);
            for (size_t end = 0; end < ENDS; end++) {
                watch(insn, range->ends[end], on_end, range);
            }
        }
    }
}

/* --- arguments --- */

static void read_range(char *value)
{
    range_t *range = &ranges[range_count++];
    strncpy(range->name, strtok(value, ":"), sizeof range->name - 1);
    range->begin = strtoull(strtok(NULL, ":"), NULL, 0);
    char *end;
    for (size_t i = 0; i < ENDS && (end = strtok(NULL, ":")) != NULL; i++) {
        range->ends[i] = strtoull(end, NULL, 0);
    }
}

static bool read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    sender.len = fread(sender.bytes, 1, sizeof sender.bytes, file);
    fclose(file);
    return sender.len > 0;
}

static bool read_argument(char *argument)
{
    char *value = strchr(argument, '=');
    if (value == NULL) {
        return false;
    }
    *value++ = '\0';
    const struct {
        const char *name;
        uint64_t *number;
    } numbers[] = {{"report", &report}, {"after", &after},        {"from", &from},       {"pass", &pass},
                   {"cut", &cut},       {"every", &sender.every}, {"tick", &sender.tick}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(argument, numbers[i].name) == 0) {
            *numbers[i].number = strtoull(value, NULL, 0);
            return true;
        }
    }
    if (strcmp(argument, "range") == 0 && range_count < RANGES) {
        read_range(value);
        return true;
    }
    if (strcmp(argument, "socket") == 0) {
        sender.path = value;
        return true;
    }
    return strcmp(argument, "send") == 0 && read_file(value);
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        char *argument = strdup(argv[i]); /* kept: names and paths are views of it */
        if (argument == NULL || !read_argument(argument)) {
            fprintf(stderr, "plugin: not understood: %s\n", argv[i]);
            return 1;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
