/* The arena is a row of blocks without gaps. A block is an 8-byte header and its bytes; the header holds the size of
   this block and of the one before it, so that both neighbours are found without a list. 8 bytes a block, against 32 in
   mbedTLS's own buffer allocator on a 32-bit part. */
#include "enrich/arena.h"

#include <assert.h>
#include <string.h>

#define ALIGNMENT 8u
#define TAKEN 1u /* lowest bit of `size`: block sizes are multiples of 8 */

typedef struct {
    uint32_t size;     /* of this block with its header, and TAKEN */
    uint32_t previous; /* size of the block before, 0 for the first */
} header_t;

_Static_assert(sizeof(header_t) == ALIGNMENT, "a header keeps the pieces aligned");

static header_t *header_at(const enr_arena_t *arena, size_t offset)
{
    return (header_t *)(void *)(arena->base + offset);
}

static size_t size_of(const header_t *header)
{
    return header->size & ~TAKEN;
}

static bool is_taken(const header_t *header)
{
    return (header->size & TAKEN) != 0;
}

/* Tells the block after `offset` how large the one before it is. */
static void link_next(enr_arena_t *arena, size_t offset)
{
    size_t size = size_of(header_at(arena, offset));
    if (offset + size < arena->size) {
        header_at(arena, offset + size)->previous = (uint32_t)size;
    }
}

/* Whether a taken block begins at `offset`, as far as it and its neighbours agree on its size. */
static bool is_taken_block(const enr_arena_t *arena, size_t offset)
{
    if (offset >= arena->size || offset % ALIGNMENT != 0 || !is_taken(header_at(arena, offset))) {
        return false;
    }
    size_t size = size_of(header_at(arena, offset));
    size_t previous = header_at(arena, offset)->previous;
    if (size % ALIGNMENT != 0 || size > arena->size - offset || previous % ALIGNMENT != 0 || previous > offset) {
        return false;
    }
    bool first = previous == 0;
    return (first ? offset == 0 : size_of(header_at(arena, offset - previous)) == previous) &&
           (offset + size == arena->size || header_at(arena, offset + size)->previous == size);
}

void enr_arena_init(enr_arena_t *arena, void *memory, size_t size)
{
    assert(memory != NULL && (uintptr_t)memory % ALIGNMENT == 0);
    assert(size >= 64 && size < 0x80000000u);
    *arena = (enr_arena_t){.base = memory, .size = size - size % ALIGNMENT};
    *header_at(arena, 0) = (header_t){.size = (uint32_t)arena->size};
}

void *enr_arena_take(enr_arena_t *arena, size_t count, size_t size)
{
    if (count == 0 || size == 0) {
        return NULL;
    }
    if (count > (arena->size - sizeof(header_t)) / size) {
        arena->failures++;
        return NULL;
    }
    size_t wanted = (count * size + sizeof(header_t) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    size_t offset = 0;
    while (offset < arena->size && (is_taken(header_at(arena, offset)) || size_of(header_at(arena, offset)) < wanted)) {
        offset += size_of(header_at(arena, offset));
    }
    if (offset >= arena->size) {
        arena->failures++;
        return NULL;
    }
    header_t *block = header_at(arena, offset);
    size_t rest = size_of(block) - wanted;
    if (rest > sizeof(header_t)) {
        *header_at(arena, offset + wanted) = (header_t){.size = (uint32_t)rest, .previous = (uint32_t)wanted};
        link_next(arena, offset + wanted);
    } else {
        wanted = size_of(block);
    }
    block->size = (uint32_t)wanted | TAKEN;
    arena->in_use += wanted;
    if (arena->in_use > arena->high_water) {
        arena->high_water = arena->in_use;
    }
    return memset(block + 1, 0, wanted - sizeof(header_t));
}

void enr_arena_give(enr_arena_t *arena, void *piece)
{
    if (piece == NULL) {
        return;
    }
    size_t offset = (size_t)((uint8_t *)piece - arena->base) - sizeof(header_t);
    bool sound = is_taken_block(arena, offset);
    assert(sound);
    (void)sound;
    header_t *block = header_at(arena, offset);
    block->size &= ~TAKEN;
    size_t size = size_of(block);
    arena->in_use -= size;

    size_t after = offset + size;
    if (after < arena->size && !is_taken(header_at(arena, after))) {
        block->size += header_at(arena, after)->size;
    }
    if (block->previous > 0 && !is_taken(header_at(arena, offset - block->previous))) {
        offset -= block->previous;
        header_at(arena, offset)->size += block->size;
    }
    link_next(arena, offset);
}
