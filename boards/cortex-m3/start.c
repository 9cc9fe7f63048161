/* From reset to main, and what is left to do after a fault: tell it and start again. */
#include "start.h"

#include "board.h"
#include "registers.h"
#include "scanner_ring.h"

#include <stdint.h>

/* Of the linker script. */
extern uint32_t stack_bottom[], stack_top[];
extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[];

#define PAINT 0xA5A5A5A5u

/* Survives a restart: outside what start-up clears. Nonsense after power-on but for one chance in 2^64. */
static struct {
    uint64_t magic;
    board_start_t cause;
    uint32_t starts; /* since power-on */
} kept __attribute__((section(".noinit")));
#define KEPT_MAGIC UINT64_C(0x736361656E726963)

int main(void);
static void reset(void);
static void fault(void);
static void tick(void);

static volatile uint32_t now_ms;

typedef union {
    void (*handler)(void);
    const void *stack;
} vector_t;

/* ARMv7-M B1.5.3. The interrupts beyond the scanner's are never enabled. */
__attribute__((section(".vectors"))) const vector_t start_vectors[16 + BOARD_SCANNER_IRQ + 1] = {
    [0] = {.stack = stack_top},
    [1] = {reset},
    [2] = {start_nmi},
    [3] = {fault}, /* HardFault; the faults of one kind each end here too, since they are not enabled */
    [4] = {fault},
    [5] = {fault},
    [6] = {fault},
    [15] = {tick},
    [16 + BOARD_SCANNER_IRQ] = {start_scanner_interrupt},
};

static void take_kept(void)
{
    if (kept.magic == KEPT_MAGIC) {
        kept.starts++;
        return;
    }
    kept.magic = KEPT_MAGIC;
    kept.cause = BOARD_POWER_ON;
    kept.starts = 0;
}

static board_start_t cause;

static void reset(void)
{
    uint32_t *used; /* from here to the top: this function's own */
    __asm volatile("mov %0, sp" : "=r"(used));
    for (volatile uint32_t *word = stack_bottom; word < used;
         word++) { /* not by memset, which has a stack of its own */
        *word = PAINT;
    }
    for (uint32_t *to = data_start, *from = data_load; to < data_end; to++, from++) {
        *to = *from;
    }
    for (uint32_t *word = bss_start; word < bss_end; word++) {
        *word = 0;
    }
    take_kept();
    cause = kept.cause;
    kept.cause = BOARD_RESET; /* unless somebody knows better by then */
    (void)main();
    board_restart();
}

board_start_t board_start_cause(void)
{
    return cause;
}

uint32_t start_count(void)
{
    return kept.starts;
}

static _Noreturn void restart(board_start_t why)
{
    kept.cause = why;
    __asm volatile("dsb");
    SCB_AIRCR = SCB_AIRCR_KEY | SCB_AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

_Noreturn void board_restart(void)
{
    restart(BOARD_REQUESTED);
}

void board_stack(size_t *out_used, size_t *out_size)
{
    const uint32_t *word = stack_bottom;
    while (word < stack_top && *word == PAINT) {
        word++;
    }
    *out_used = (size_t)(stack_top - word) * sizeof *word;
    *out_size = (size_t)(stack_top - stack_bottom) * sizeof *word;
}

/* --- the clock --- */

void start_clock(void)
{
    SYSTICK_RVR = BOARD_CLOCK_HZ / 1000u - 1u;
    SYSTICK_CVR = 0;
    SYSTICK_CSR = SYSTICK_CSR_CLKSOURCE | SYSTICK_CSR_TICKINT | SYSTICK_CSR_ENABLE;
}

static void tick(void)
{
    now_ms++;
}

uint32_t board_ms(void *ctx)
{
    (void)ctx;
    return now_ms;
}

void board_sleep(void)
{
    __asm volatile("dsb\n wfi");
}

/* --- the end --- */

static void say(const char *text)
{
    board_console_write(enr_span_from_str(text));
}

static void say_number(const char *name, uint32_t number, unsigned base)
{
    char digits[11];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do {
        *--at = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    say(name);
    say(at);
}

/* The stack may be what broke: it begins anew, so that there is room to tell. */
__attribute__((naked)) static void fault(void)
{
    __asm volatile("mrs r0, msp\n"
                   "movw r1, #:lower16:stack_top\n"
                   "movt r1, #:upper16:stack_top\n"
                   "mov sp, r1\n"
                   "b start_tell_fault\n");
}

/* Whether the fault is a failed assertion (libc/assert.h): udf #255, which gcc takes for a trap, too. */
static bool is_assertion(const uint32_t *frame)
{
    return (SCB_CFSR & SCB_CFSR_UNDEFINSTR) != 0 && *(const uint16_t *)frame[6] == 0xDEFFu;
}

/* frame: what the processor stacked (ARMv7-M B1.5.6), unless it could not. */
__attribute__((used)) _Noreturn void start_tell_fault(const uint32_t *frame)
{
    bool has_frame = frame >= stack_bottom && frame + 8 <= stack_top;
    say(has_frame && is_assertion(frame) ? "\nassertion failed:" : "\nfault:");
    if (has_frame) {
        say_number(" pc=0x", frame[6], 16);
        say_number(" lr=0x", frame[5], 16);
    } else {
        say(" stack overflow");
    }
    say_number(" cfsr=0x", SCB_CFSR, 16);
    say_number(" hfsr=0x", SCB_HFSR, 16);
    say_number(" bfar=0x", SCB_BFAR, 16);
    say("\n");
    restart(BOARD_FAULT);
}

_Noreturn void start_watchdog_expired(void)
{
    say("\nwatchdog: no progress\n");
    restart(BOARD_WATCHDOG);
}
