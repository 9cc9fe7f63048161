#include "variants.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

sim_variants_t sim_variants_default(void)
{
    return (sim_variants_t){
        .accepted = 200,
        .pending = "pending",
        .finished = "finished",
        .sync_status = "success",
        .phone_status = "valid",
    };
}

/* The words of the variants that choose among a few. */
static const struct {
    const char *key;
    const char *values[7];
} CHOICES[] = {
    {"read-phones", {"phone", "phones"}},
    {"sync-phones", {"phones", "phone"}},
    {"phones", {"strings", "objects", "lone"}},
    {"id", {"enrichment_id", "id", "contact.id"}},
    {"nothing", {"empty", "null", "absent", "N/A"}},
    {"message", {"yes", "no"}},
    {"sync-path", {"current", "older", "both"}},
    {"errors", {"mixed", "number", "text", "list", "object", "message"}},
    {"hosts", {"any", "strict"}},
    {"batch-read", {"unknown", "job"}},
    {"callback-id", {"contact", "batch"}},
    {"accepted", {"200", "201", "202"}},
};

static void choose(sim_variants_t *variants, size_t choice, int value)
{
    switch (choice) {
    case 0:
        variants->read_plural = value == 1;
        break;
    case 1:
        variants->sync_singular = value == 1;
        break;
    case 2:
        variants->phones = (sim_phones_shape_t)value;
        break;
    case 3:
        variants->id = (sim_id_key_t)value;
        break;
    case 4:
        variants->nothing = (sim_nothing_t)value;
        break;
    case 5:
        variants->no_message = value == 1;
        break;
    case 6:
        variants->sync_path = (sim_sync_path_t)value;
        break;
    case 7:
        variants->errors = (sim_errors_shape_t)value;
        break;
    case 8:
        variants->strict_hosts = value == 1;
        break;
    case 9:
        variants->reads_batches = value == 1;
        break;
    case 10:
        variants->calls_back_batch = value == 1;
        break;
    default:
        variants->accepted = 200 + value;
        break;
    }
}

static bool take_word(const char *key, size_t key_length, const char *word, sim_variants_t *variants)
{
    struct {
        const char *key;
        char *word;
    } words[] = {
        {"pending", variants->pending},           {"finished", variants->finished},
        {"sync-status", variants->sync_status},   {"bulk-status", variants->bulk_status},
        {"phone-status", variants->phone_status},
    };
    size_t length = strlen(word);
    if (length == 0 || length >= SIM_WORD_SIZE ||
        strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-") != length) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].key) == key_length && strncmp(words[i].key, key, key_length) == 0) {
            memcpy(words[i].word, word, length + 1);
            return true;
        }
    }
    return false;
}

bool sim_variants_take(sim_variants_t *variants, const char *text)
{
    size_t length = strcspn(text, "=");
    if (text[length] == '\0') {
        return false;
    }
    const char *value = text + length + 1;
    for (size_t i = 0; i < sizeof CHOICES / sizeof CHOICES[0]; i++) {
        if (strlen(CHOICES[i].key) != length || strncmp(CHOICES[i].key, text, length) != 0) {
            continue;
        }
        for (int k = 0; CHOICES[i].values[k] != NULL; k++) {
            if (strcmp(CHOICES[i].values[k], value) == 0) {
                choose(variants, i, k);
                return true;
            }
        }
        return false;
    }
    return take_word(text, length, value, variants);
}
