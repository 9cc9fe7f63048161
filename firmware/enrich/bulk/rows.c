#include "rows.h"

#include "../print.h"

#include <stdlib.h>
#include <string.h>

enr_span_t row_id(const row_t *row)
{
    return (enr_span_t){row->id, row->in_batch ? 0 : row->id_len};
}

enr_span_t row_batch(const row_t *row)
{
    return (enr_span_t){row->id, row->in_batch ? row->id_len : 0};
}

bool rows_make_index(rows_t *rows)
{
    size_t size = 16;
    while (size < rows->count * 2) {
        size *= 2;
    }
    rows->slots = calloc(size, sizeof(row_t *));
    rows->slot_mask = size - 1;
    return rows->slots != NULL;
}

/* The slot that holds this key, or the free one where it would stand. */
static row_t **find_slot(const rows_t *rows, uint64_t key)
{
    size_t at = (size_t)key & rows->slot_mask;
    while (rows->slots[at] != NULL && rows->slots[at]->key != key) {
        at = (at + 1) & rows->slot_mask;
    }
    return &rows->slots[at];
}

row_t *rows_enter(rows_t *rows, row_t *row)
{
    row_t **slot = find_slot(rows, row->key);
    if (*slot == NULL) {
        *slot = row;
        return NULL;
    }
    return *slot;
}

row_t *rows_find(const rows_t *rows, uint64_t key)
{
    return *find_slot(rows, key);
}

/* Cuts where a character begins, and shows that. */
static void mark_cut(char *text, size_t size)
{
    static const char MARK[] = "...";
    size_t len = size - sizeof MARK;
    while (len > 0 && ((unsigned char)text[len] & 0xc0u) == 0x80) {
        len--;
    }
    memcpy(text + len, MARK, sizeof MARK);
}

static void write_text(reason_t *reason, const enr_answer_t *answer)
{
    const problem_t *problem = &reason->problem;
    const size_t size = sizeof reason->text;
    bool answered = answer != NULL && answer->code != 0;
    bool refused_here = reason->code == EXIT_REFUSED_HERE;
    const char *field = refused_here ? problem->where : "";
    const char *colon = refused_here ? ": " : "";
    int len = 0;
    if (answered && answer->message.len > 0) {
        len = snprintf(reason->text, size, "%s%s%s (HTTP %u: \"%.*s\")", field, colon, problem->what, answer->code,
                       (int)answer->message.len, (const char *)answer->message.ptr);
    } else if (answered) {
        len = snprintf(reason->text, size, "%s%s%s (HTTP %u)", field, colon, problem->what, answer->code);
    } else {
        len = snprintf(reason->text, size, "%s%s%s", field, colon, problem->what);
    }
    if (len >= (int)size) {
        mark_cut(reason->text, size);
    }
}

static bool is_same(const reason_t *a, const reason_t *b)
{
    return a->outcome == b->outcome && a->code == b->code && strcmp(a->text, b->text) == 0;
}

const reason_t *rows_reason(rows_t *rows, request_outcome_t outcome, exit_code_t code, const problem_t *problem,
                            const enr_answer_t *answer)
{
    reason_t reason = {.outcome = outcome, .code = code, .problem = *problem};
    write_text(&reason, answer);
    reason_t **place = &rows->reasons; /* in the order in which they were met */
    while (*place != NULL) {
        if (is_same(*place, &reason)) {
            return *place;
        }
        place = &(*place)->next;
    }
    *place = malloc(sizeof reason);
    if (*place == NULL) {
        static reason_t spare; /* the last one fits without memory */
        spare = reason;
        return &spare;
    }
    **place = reason;
    return *place;
}

void rows_print_numbers(FILE *out, const rows_t *rows, bool (*holds)(const row_t *row, const void *what),
                        const void *what)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        count += holds(&rows->rows[i], what) ? 1 : 0;
    }
    (void)fputs(count == 1 ? "row" : "rows", out);
    const char *before = " ";
    for (size_t i = 0; i < rows->count; i++) {
        if (!holds(&rows->rows[i], what)) {
            continue;
        }
        uint32_t first = rows->rows[i].number;
        uint32_t last = first;
        while (i + 1 < rows->count && rows->rows[i + 1].number == last + 1 && holds(&rows->rows[i + 1], what)) {
            last++;
            i++;
        }
        (void)fprintf(out, last > first ? "%s%u-%u" : "%s%u", before, (unsigned)first, (unsigned)last);
        before = ", ";
    }
}

void rows_free(rows_t *rows)
{
    while (rows->reasons != NULL) {
        reason_t *next = rows->reasons->next;
        free(rows->reasons);
        rows->reasons = next;
    }
    if (rows->file != NULL) {
        enr_wipe(rows->file, rows->size);
    }
    if (rows->decoded != NULL) {
        enr_wipe(rows->decoded, rows->size);
    }
    free(rows->slots);
    free(rows->file);
    free(rows->decoded);
    free(rows->rows);
    *rows = (rows_t){0};
}
