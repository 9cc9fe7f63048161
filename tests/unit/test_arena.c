/* arena: exact figures, joining in every order, and chance against a model that knows every place. */
#define _DEFAULT_SOURCE

#include "enrich/arena.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define HEADER 8u

/* An arena over a heap allocation of exactly its size, full of rubbish. */
static enr_arena_t new_arena(size_t size)
{
    enr_arena_t arena;
    void *memory = malloc(size);
    assert_non_null(memory);
    memset(memory, 0xA5, size);
    enr_arena_init(&arena, memory, size);
    return arena;
}

static void drop(enr_arena_t *arena)
{
    free(arena->base);
}

/* The largest piece that an empty arena gives: all but one header. */
static void assert_empty(enr_arena_t *arena)
{
    assert_int_equal(arena->in_use, 0);
    void *all = enr_arena_take(arena, 1, arena->size - HEADER);
    assert_ptr_equal(all, arena->base + HEADER);
    assert_int_equal(arena->in_use, arena->size);
    enr_arena_give(arena, all);
    assert_int_equal(arena->in_use, 0);
}

/* Every size from 64 on: what is no multiple of 8 stays unused at the end, and nothing is written beyond. */
static void test_sizes(void **state)
{
    (void)state;
    for (size_t size = 64; size <= 96; size++) {
        enr_arena_t arena = new_arena(size);
        size_t usable = size / 8 * 8;
        assert_null(enr_arena_take(&arena, 1, usable - HEADER + 1));
        assert_int_equal(arena.failures, 1);
        assert_int_equal(arena.high_water, 0);
        assert_empty(&arena);
        assert_int_equal(arena.high_water, usable);
        drop(&arena);
    }
}

/* A block costs its bytes up to the next 8 and one header of 8. */
static void test_figures(void **state)
{
    (void)state;
    enr_arena_t arena = new_arena(1024);
    for (size_t size = 1; size <= 64; size++) {
        void *piece = enr_arena_take(&arena, 1, size);
        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % 8, 0);
        assert_int_equal(arena.in_use, (size + 7) / 8 * 8 + HEADER);
        enr_arena_give(&arena, piece);
        assert_int_equal(arena.in_use, 0);
    }
    assert_int_equal(arena.high_water, 72); /* of 64 bytes, kept after all was given back */
    assert_int_equal(arena.failures, 0);
    assert_empty(&arena);
    drop(&arena);
}

static void test_nothing_asked_for(void **state)
{
    (void)state;
    enr_arena_t arena = new_arena(64);
    assert_null(enr_arena_take(&arena, 0, 8));
    assert_null(enr_arena_take(&arena, 8, 0));
    assert_null(enr_arena_take(&arena, 0, SIZE_MAX));
    assert_int_equal(arena.failures, 0);
    enr_arena_give(&arena, NULL);
    assert_empty(&arena);
    drop(&arena);
}

/* calloc's old trap: a product that wraps to something small. */
static void test_product_overflows(void **state)
{
    (void)state;
    static const struct {
        size_t count, size;
    } rows[] = {
        {SIZE_MAX, SIZE_MAX},  {SIZE_MAX, 1},     {1, SIZE_MAX},         {SIZE_MAX / 2 + 1, 2}, {2, SIZE_MAX / 2 + 1},
        {SIZE_MAX / 8 + 1, 8}, {1, SIZE_MAX - 7}, {1, SIZE_MAX - 8 - 7}, {SIZE_MAX / 8 + 2, 8}, {(size_t)1 << 31, 2},
    };
    enr_arena_t arena = new_arena(256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_null(enr_arena_take(&arena, rows[i].count, rows[i].size));
        assert_int_equal(arena.failures, i + 1);
    }
    assert_int_equal(arena.in_use, 0);
    assert_empty(&arena);
    drop(&arena);
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Zeroed also where rubbish, another piece or a header was before. */
static void test_zeroed(void **state)
{
    (void)state;
    enr_arena_t arena = new_arena(256);
    uint8_t *first = enr_arena_take(&arena, 3, 5);
    uint8_t *second = enr_arena_take(&arena, 1, 40);
    assert_true(all_zero(first, 15) && all_zero(second, 40));
    memset(first, 0xFF, 15);
    memset(second, 0xFF, 40);
    enr_arena_give(&arena, first);
    enr_arena_give(&arena, second);
    uint8_t *both = enr_arena_take(&arena, 1, 248);
    assert_non_null(both);
    assert_true(all_zero(both, 248));
    enr_arena_give(&arena, both);
    drop(&arena);
}

/* A rest that could hold no byte goes with the piece, and comes back with it. */
static void test_rest_without_room(void **state)
{
    (void)state;
    enr_arena_t arena = new_arena(64);
    void *piece = enr_arena_take(&arena, 1, 48); /* 56 with its header: 8 left */
    assert_int_equal(arena.in_use, 64);
    assert_null(enr_arena_take(&arena, 1, 1));
    enr_arena_give(&arena, piece);
    piece = enr_arena_take(&arena, 1, 40); /* 48: 16 left, one piece of 8 */
    assert_int_equal(arena.in_use, 48);
    void *last = enr_arena_take(&arena, 1, 8);
    assert_non_null(last);
    assert_int_equal(arena.in_use, 64);
    enr_arena_give(&arena, piece);
    enr_arena_give(&arena, last);
    assert_empty(&arena);
    drop(&arena);
}

static void test_first_fit(void **state)
{
    (void)state;
    enr_arena_t arena = new_arena(512);
    void *pieces[6];
    for (size_t i = 0; i < COUNT(pieces); i++) {
        pieces[i] = enr_arena_take(&arena, 1, 8 * (i + 1));
    }
    enr_arena_give(&arena, pieces[1]); /* holes of 16 and 32 bytes */
    enr_arena_give(&arena, pieces[3]);
    void *large = enr_arena_take(&arena, 1, 24);
    assert_ptr_equal(large, pieces[3]);
    void *small = enr_arena_take(&arena, 1, 16);
    assert_ptr_equal(small, pieces[1]);
    void *behind = enr_arena_take(&arena, 1, 16);
    assert_true((uint8_t *)behind > (uint8_t *)pieces[5]);
    drop(&arena);
}

/* Puts the n-th of the 24 orders of 0, 1, 2, 3 into out_order. */
static void order_of(size_t n, size_t out_order[4])
{
    size_t left[4] = {0, 1, 2, 3};
    for (size_t i = 0; i < 4; i++) {
        size_t pick = n % (4 - i);
        n /= 4 - i;
        out_order[i] = left[pick];
        memmove(left + pick, left + pick + 1, (3 - pick) * sizeof *left);
    }
}

/* Four neighbours given back in each of their 24 orders, with and without a free piece behind them: nothing stays
   split. */
static void test_neighbours_join(void **state)
{
    (void)state;
    for (size_t n = 0; n < 48; n++) {
        enr_arena_t arena = new_arena(n < 24 ? 4 * 32 : 5 * 32);
        void *pieces[4];
        size_t order[4];
        order_of(n % 24, order);
        for (size_t i = 0; i < COUNT(pieces); i++) {
            pieces[i] = enr_arena_take(&arena, 1, 24);
            assert_non_null(pieces[i]);
        }
        for (size_t i = 0; i < COUNT(pieces); i++) {
            enr_arena_give(&arena, pieces[order[i]]);
            assert_int_equal(arena.in_use, (3 - i) * 32);
        }
        assert_empty(&arena);
        drop(&arena);
    }
}

/* Two free neighbours and the piece between them become one, which holds what none of them held. */
static void test_double_neighbours(void **state)
{
    (void)state;
    enr_arena_t arena = new_arena(4 * 32);
    void *pieces[4];
    for (size_t i = 0; i < COUNT(pieces); i++) {
        pieces[i] = enr_arena_take(&arena, 1, 24);
    }
    enr_arena_give(&arena, pieces[0]);
    enr_arena_give(&arena, pieces[2]);
    assert_null(enr_arena_take(&arena, 1, 25));
    assert_int_equal(arena.failures, 1);
    enr_arena_give(&arena, pieces[1]);
    void *joined = enr_arena_take(&arena, 1, 3 * 32 - HEADER);
    assert_ptr_equal(joined, pieces[0]);
    enr_arena_give(&arena, pieces[3]); /* its neighbour before is the joined one now */
    enr_arena_give(&arena, joined);
    assert_empty(&arena);
    drop(&arena);
}

/* behaviours 23: an allocation that fails in the middle leaves what was there, and giving all back leaves nothing. */
static void test_failure_changes_nothing(void **state)
{
    (void)state;
    enr_arena_t arena = new_arena(256);
    uint8_t *kept = enr_arena_take(&arena, 1, 100);
    memset(kept, 0x5A, 100);
    size_t in_use = arena.in_use;
    for (size_t size = 256 - in_use - HEADER + 1; size < 400; size++) {
        assert_null(enr_arena_take(&arena, 1, size));
        assert_int_equal(arena.in_use, in_use);
    }
    assert_int_equal(arena.high_water, in_use);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(kept[i], 0x5A);
    }
    enr_arena_give(&arena, kept);
    assert_empty(&arena);
    drop(&arena);
}

/* What the model knows of one live block: its place with its header, and the byte its piece is filled with. */
typedef struct {
    size_t offset, size, asked;
    uint8_t fill;
} block_t;

typedef struct {
    enr_arena_t arena;
    block_t blocks[64]; /* live, by address */
    size_t count;
    size_t in_use, high_water, failures;
    uint32_t random;
} model_t;

static size_t chance(model_t *model, size_t below)
{
    model->random = model->random * 1664525u + 1013904223u;
    return (model->random >> 8) % below;
}

/* The first gap with room for `wanted` bytes, header included: where it is, how large, and before which live block. */
static bool find_gap(const model_t *model, size_t wanted, size_t *out_offset, size_t *out_gap, size_t *out_index)
{
    size_t from = 0;
    for (size_t i = 0; i <= model->count; i++) {
        size_t to = i < model->count ? model->blocks[i].offset : model->arena.size;
        if (to - from >= wanted) {
            *out_offset = from;
            *out_gap = to - from;
            *out_index = i;
            return true;
        }
        from = i < model->count ? to + model->blocks[i].size : to;
    }
    return false;
}

static void model_take(model_t *model)
{
    size_t asked = 1 + chance(model, chance(model, 8) == 0 ? 700 : 90);
    size_t wanted = (asked + 7) / 8 * 8 + HEADER;
    size_t offset = 0;
    size_t gap = 0;
    size_t index = 0;
    uint8_t *piece = enr_arena_take(&model->arena, 1, asked);
    if (!find_gap(model, wanted, &offset, &gap, &index)) {
        assert_null(piece);
        model->failures++;
        return;
    }
    size_t size = gap - wanted > HEADER ? wanted : gap;
    assert_ptr_equal(piece, model->arena.base + offset + HEADER);
    assert_true(all_zero(piece, asked));
    memmove(model->blocks + index + 1, model->blocks + index, (model->count - index) * sizeof *model->blocks);
    model->blocks[index] = (block_t){offset, size, asked, (uint8_t)(1 + chance(model, 255))};
    memset(piece, model->blocks[index].fill, asked);
    model->count++;
    model->in_use += size;
    model->high_water = model->in_use > model->high_water ? model->in_use : model->high_water;
}

static void model_give(model_t *model)
{
    size_t index = chance(model, model->count);
    block_t block = model->blocks[index];
    uint8_t *piece = model->arena.base + block.offset + HEADER;
    for (size_t i = 0; i < block.asked; i++) {
        assert_true(piece[i] == block.fill);
    }
    enr_arena_give(&model->arena, piece);
    memmove(model->blocks + index, model->blocks + index + 1, (model->count - index - 1) * sizeof *model->blocks);
    model->count--;
    model->in_use -= block.size;
}

static void model_agrees(const model_t *model)
{
    assert_int_equal(model->arena.in_use, model->in_use);
    assert_int_equal(model->arena.high_water, model->high_water);
    assert_int_equal(model->arena.failures, model->failures);
}

/* 40,000 takes and gives by chance from a fixed seed, in waves so that the arena runs both full and empty. Every piece
   is where first fit puts it and keeps its bytes; a request fails only where no gap is large enough. */
static void test_chance(void **state)
{
    (void)state;
    model_t *model = calloc(1, sizeof *model);
    model->arena = new_arena(3000);
    model->random = 20261123;
    for (size_t i = 0; i < 40000; i++) {
        size_t wave = i / 500 % 2 == 0 ? 70 : 35; /* takes in 100 */
        bool take = model->count == 0 || (model->count < COUNT(model->blocks) && chance(model, 100) < wave);
        if (take) {
            model_take(model);
        } else {
            model_give(model);
        }
        model_agrees(model);
    }
    assert_true(model->failures > 100);
    while (model->count > 0) {
        model_give(model);
    }
    model_agrees(model);
    assert_empty(&model->arena);
    drop(&model->arena);
    free(model);
}

/* Whether the misuse ends the program by an assertion. */
static bool aborts(void (*misuse)(enr_arena_t *arena))
{
    enr_arena_t arena = new_arena(256);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)close(STDERR_FILENO);
        misuse(&arena);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    drop(&arena);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void no_misuse(enr_arena_t *arena)
{
    enr_arena_give(arena, enr_arena_take(arena, 1, 24));
}

static void give_twice(enr_arena_t *arena)
{
    void *piece = enr_arena_take(arena, 1, 24);
    enr_arena_give(arena, piece);
    enr_arena_give(arena, piece);
}

static void give_twice_joined(enr_arena_t *arena)
{
    void *before = enr_arena_take(arena, 1, 24);
    void *piece = enr_arena_take(arena, 1, 24);
    enr_arena_give(arena, before);
    enr_arena_give(arena, piece);
    enr_arena_give(arena, piece);
}

static void give_inside(enr_arena_t *arena)
{
    uint8_t *piece = enr_arena_take(arena, 1, 24);
    memset(piece, 0x29, 24); /* as a header: taken, and a size that fits */
    memset(piece + 1, 0, 3);
    enr_arena_give(arena, piece + HEADER);
}

static void give_unaligned(enr_arena_t *arena)
{
    enr_arena_give(arena, (uint8_t *)enr_arena_take(arena, 1, 24) + 4);
}

static void give_the_base(enr_arena_t *arena)
{
    enr_arena_give(arena, arena->base);
}

static void give_the_end(enr_arena_t *arena)
{
    enr_arena_give(arena, arena->base + arena->size + HEADER);
}

static void write_past_the_end(enr_arena_t *arena)
{
    uint8_t *piece = enr_arena_take(arena, 1, 24);
    memset(piece, 'x', 24 + HEADER);
    enr_arena_give(arena, piece);
}

static void init_unaligned(enr_arena_t *arena)
{
    enr_arena_init(arena, arena->base + 4, 128);
}

static void init_too_small(enr_arena_t *arena)
{
    enr_arena_init(arena, arena->base, 63);
}

/* DESIGN 5: a programming error is an assertion. */
static void test_misuse(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*misuse)(enr_arena_t *arena);
    } rows[] = {
        {"given twice", give_twice},
        {"given twice, joined with its neighbour in between", give_twice_joined},
        {"given a place inside a piece", give_inside},
        {"given an unaligned place", give_unaligned},
        {"given the base", give_the_base},
        {"given a place behind the arena", give_the_end},
        {"given after its neighbour's header was overwritten", write_past_the_end},
        {"memory not aligned", init_unaligned},
        {"memory of 63 bytes", init_too_small},
    };
    assert_false(aborts(no_misuse));
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!aborts(rows[i].misuse)) {
            fail_msg("no assertion: %s", rows[i].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_nothing_asked_for),
        cmocka_unit_test(test_product_overflows),
        cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_rest_without_room),
        cmocka_unit_test(test_first_fit),
        cmocka_unit_test(test_neighbours_join),
        cmocka_unit_test(test_double_neighbours),
        cmocka_unit_test(test_failure_changes_nothing),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
