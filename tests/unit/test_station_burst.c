/* Bursts at the gate (domain 4): 3 scans a second for 10 seconds, and 1,800 in an hour, while requests go and results
   are taken, on flash parts that take their time. None is lost; how long a scan takes to be durable is printed. */
#include "agent_rig.h"

#include "enrich/station.h"

static const enr_span_t line_end = {(const uint8_t *)"\r", 1};
static const enr_frame_settings_t frame_settings = {
    .idle_ms = 100, .terminators = &line_end, .terminator_count = 1, .aim = true};

/* A part, and its times, from data sheets of its class. */
typedef struct {
    const char *name;
    enr_script_flash_config_t geometry;
    uint32_t program_ms; /* one call */
    uint32_t erase_ms;   /* one sector */
} part_t;

static const part_t parts[] = {
    {"SPI NOR, 64 KB sectors, erase suspends",
     {.size = 32 * 65536,
      .sector_size = 65536,
      .page_size = 256,
      .program_unit = 1,
      .reprogram = true,
      .suspends = true},
     1,
     500},
    {"SPI NOR, 64 KB sectors, erase holds all",
     {.size = 32 * 65536, .sector_size = 65536, .page_size = 256, .program_unit = 1, .reprogram = true},
     1,
     2600},
    {"internal flash, 4 KB sectors, units of 16",
     {.size = 256 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 16, .suspends = false},
     2,
     40},
};

/* --- a part that takes its time --- */

static const part_t *part;
static uint32_t erase_end_ms;
static bool erasing;
static unsigned erases;

static enr_status_t program(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    rig_t *rig = ctx;
    enr_status_t status = rig->plain_duty.program(rig->plain_duty.ctx, offset, bytes, len);
    rig->now_ms += status == ENR_OK ? part->program_ms : 0; /* the program waits for it */
    return status;
}

static enr_status_t erase_start(void *ctx, uint32_t offset)
{
    rig_t *rig = ctx;
    enr_status_t status = rig->plain_duty.erase_start(rig->plain_duty.ctx, offset);
    if (status == ENR_OK) {
        erasing = true;
        erases++;
        erase_end_ms = rig->now_ms + part->erase_ms;
    }
    return status;
}

static enr_status_t erase_busy(void *ctx)
{
    rig_t *rig = ctx;
    if (erasing && (int32_t)(rig->now_ms - erase_end_ms) < 0) {
        return ENR_AGAIN;
    }
    enr_status_t status;
    do { /* the simulated part counts questions, not time */
        status = rig->plain_duty.erase_busy(rig->plain_duty.ctx);
    } while (status == ENR_AGAIN);
    erasing = false;
    return status;
}

/* --- scans --- */

#define SCANS_MAX 1800

static struct {
    uint32_t count;
    uint32_t gap_ms;
    uint32_t start_ms;
    uint32_t sent; /* whole payloads handed to the station's input */
    uint32_t answered;
    uint32_t lost;
    uint32_t took_ms[SCANS_MAX];
    uint8_t ring[2048]; /* as a board's, filled by an interrupt */
    size_t held;
} run;

static enr_station_t station;

static uint32_t arrives_ms(uint32_t number)
{
    return run.start_ms + number * run.gap_ms;
}

/* What came meanwhile is in the ring. */
static void interrupt(const rig_t *rig)
{
    while (run.sent < run.count && (int32_t)(rig->now_ms - arrives_ms(run.sent)) >= 0) {
        char text[160];
        int len = snprintf(text, sizeof text, "MECARD:N:Visitor%u,Ada;ORG:Acme Example;EMAIL:v%u@acme.example;;\r",
                           run.sent, run.sent);
        if (run.held + (size_t)len > sizeof run.ring) {
            run.lost++;
        } else {
            memcpy(run.ring + run.held, text, (size_t)len);
            run.held += (size_t)len;
        }
        run.sent++;
    }
}

/* One turn of a main loop. */
static void turn(rig_t *rig)
{
    enr_scan_t scan;
    interrupt(rig);
    enr_span_t rest = {run.ring, run.held};
    enr_status_t status = enr_station_take(&station, &rest, rig->now_ms, &scan);
    memmove(run.ring, rest.ptr, rest.len);
    run.held = rest.len;
    if (status == ENR_OK) {
        assert_int_equal(scan.kind, ENR_SCAN_LEAD);
        assert_int_equal(scan.captured.kind, ENR_CAPTURE_NEW);
        run.took_ms[run.answered] = rig->now_ms - arrives_ms(run.answered);
        run.answered++;
    }
    uint32_t until_ms = run.sent < run.count ? arrives_ms(run.sent) : rig->now_ms + 1000;
    bool is_busy = enr_station_is_held(&station) || run.held > 0;
    (void)rig_step(rig, is_busy ? rig->now_ms + 1 : until_ms);
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void begin(rig_t *rig, uint32_t count, uint32_t gap_ms)
{
    const enr_station_config_t config = {
        .agent = &rig->agent, .frame = &frame_settings, .clock = &rig->clock, .types = ENR_TYPE_EMAIL};
    enr_station_start(&station, &config);
    memset(&run, 0, sizeof run);
    run.count = count;
    run.gap_ms = gap_ms;
    run.start_ms = rig->now_ms + 1000;
    rig->journal_duty.program = program;
    rig->journal_duty.erase_start = erase_start;
    rig->journal_duty.erase_busy = erase_busy;
    erases = 0;
    erasing = false;
}

static void report(const char *what)
{
    qsort(run.took_ms, run.answered, sizeof run.took_ms[0], by_size);
    (void)printf("| %s | %s | %u | %u | %u | %u | %u | %u |\n", part->name, what, run.answered,
                 run.count - run.answered, run.took_ms[run.answered / 2], run.took_ms[run.answered * 99 / 100],
                 run.took_ms[run.answered - 1], erases);
}

/* Every minute a sink takes what is there, so that leads are erased and sectors used again while scans come. */
static void scan_all(rig_t *rig, const char *what, bool takes)
{
    uint32_t taken_ms = rig->now_ms;
    for (unsigned turns = 0; run.answered < run.count; turns++) {
        assert_true(turns < 4000000);
        turn(rig);
        if (takes && rig->now_ms - taken_ms > 60000 && run.held == 0 && !enr_station_is_held(&station)) {
            rig_take_all(rig);
            taken_ms = rig->now_ms;
        }
    }
    report(what);
    assert_int_equal(run.lost, 0);
    assert_int_equal(run.answered, run.count);
}

static void test_burst_of_ten_seconds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        part = &parts[i];
        rig_t *rig = rig_new_on(&part->geometry);
        begin(rig, 30, 333);
        scan_all(rig, "3 a second for 10 s", false);
        rig_run(rig, 600000);
        assert_int_equal(rig->service.entry_count, 30); /* each was bought once */
        rig_free(rig);
    }
}

static void test_an_hour_at_the_gate(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        part = &parts[i];
        rig_t *rig = rig_new_on(&part->geometry);
        begin(rig, SCANS_MAX, 2000);
        scan_all(rig, "1,800 in an hour", true);
        rig_run(rig, 3600000);
        assert_int_equal(rig->service.entry_count, SCANS_MAX);
        rig_free(rig);
    }
}

int main(void)
{
    rig_prepare();
    (void)printf("| part | scans | durable | lost | median ms | 99 %% ms | worst ms | erases |\n"
                 "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_of_ten_seconds),
        cmocka_unit_test(test_an_hour_at_the_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
