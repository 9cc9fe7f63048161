#include "store.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

static void free_enrichment(sim_enrichment_t *enrichment)
{
    free(enrichment->firstname);
    free(enrichment->lastname);
    free(enrichment->linkedin_url);
    free(enrichment->custom);
    free(enrichment->webhook_url);
    free(enrichment->email);
    free(enrichment->email_status);
    free(enrichment->personal_email);
    free(enrichment->personal_email_status);
    for (size_t i = 0; i < enrichment->phone_count; i++) {
        free(enrichment->phones[i]);
    }
    free(enrichment);
}

void sim_store_free(sim_store_t *store)
{
    for (size_t i = 0; i < store->count; i++) {
        if (store->window[i] != NULL) {
            free_enrichment(store->window[i]);
        }
    }
    free(store->window);
}

/* Behind `before`; NULL: at the front. */
static void insert(sim_list_t *list, sim_enrichment_t *before, sim_enrichment_t *enrichment)
{
    sim_enrichment_t *after = before != NULL ? before->next : list->first;
    enrichment->previous = before;
    enrichment->next = after;
    *(before != NULL ? &before->next : &list->first) = enrichment;
    *(after != NULL ? &after->previous : &list->last) = enrichment;
    list->count++;
}

static sim_enrichment_t *take_first(sim_list_t *list)
{
    sim_enrichment_t *first = list->first;
    list->first = first->next;
    *(first->next != NULL ? &first->next->previous : &list->last) = NULL;
    list->count--;
    return first;
}

static void put_finished(sim_store_t *store, sim_enrichment_t *enrichment)
{
    enrichment->finished = true;
    insert(&store->finished, store->finished.last, enrichment);
    if (store->uncalled == NULL) {
        store->uncalled = enrichment;
    }
}

/* Nearly all are due after those before them, so the place is found from the end. */
static void put_pending(sim_store_t *store, sim_enrichment_t *enrichment)
{
    sim_enrichment_t *before = store->pending.last;
    while (before != NULL && before->due_ms > enrichment->due_ms) {
        before = before->previous;
    }
    insert(&store->pending, before, enrichment);
}

sim_enrichment_t *sim_store_add(sim_store_t *store, uint64_t due_ms, bool is_batch)
{
    if (store->count == store->capacity) {
        store->capacity = store->capacity > 0 ? 2 * store->capacity : 64;
        store->window = sim_resize(store->window, store->capacity, sizeof(sim_enrichment_t *));
    }
    sim_enrichment_t *enrichment = sim_alloc(1, sizeof *enrichment);
    enrichment->number = store->base + store->count;
    enrichment->due_ms = due_ms;
    enrichment->is_batch = is_batch;
    sim_draw_id(store->seed, enrichment->number, enrichment->id);
    store->window[store->count++] = enrichment;
    if (is_batch) {
        put_finished(store, enrichment);
    } else {
        put_pending(store, enrichment);
    }
    return enrichment;
}

sim_enrichment_t *sim_store_find(const sim_store_t *store, const char *id)
{
    uint64_t number = sim_id_number(store->seed, id);
    bool known = number >= store->base && number - store->base < store->count;
    return known ? store->window[number - store->base] : NULL;
}

sim_enrichment_t *sim_store_finish(sim_store_t *store, uint64_t now_ms)
{
    if (store->pending.first == NULL || store->pending.first->due_ms > now_ms) {
        return NULL;
    }
    sim_enrichment_t *enrichment = take_first(&store->pending);
    put_finished(store, enrichment);
    return enrichment;
}

static void skip_those_without_webhook(sim_store_t *store)
{
    while (store->uncalled != NULL && store->uncalled->webhook_url == NULL) {
        store->uncalled = store->uncalled->next;
    }
}

const sim_enrichment_t *sim_store_take_uncalled(sim_store_t *store)
{
    skip_those_without_webhook(store);
    const sim_enrichment_t *enrichment = store->uncalled;
    if (enrichment != NULL) {
        store->uncalled = enrichment->next;
    }
    return enrichment;
}

/* Moves the window over what is forgotten at its front, once that is half of it. */
static void compact(sim_store_t *store)
{
    size_t gone = 0;
    while (gone < store->count && store->window[gone] == NULL) {
        gone++;
    }
    if (gone >= 64 && gone >= store->count / 2) {
        store->base += gone;
        store->count -= gone;
        memmove(store->window, store->window + gone, store->count * sizeof(sim_enrichment_t *));
    }
}

void sim_store_forget(sim_store_t *store, size_t keep)
{
    bool any = false;
    skip_those_without_webhook(store);
    while (store->finished.count > keep && store->finished.first != store->uncalled) {
        sim_enrichment_t *enrichment = take_first(&store->finished);
        store->window[enrichment->number - store->base] = NULL;
        free_enrichment(enrichment);
        any = true;
    }
    if (any) {
        compact(store);
    }
}
