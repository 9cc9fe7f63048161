#include "badge_internal.h"

#include "enrich/utf8.h"

static const char honorifics[] = "dr prof mr mrs ms miss mx sir dame lord lady rev hon herr frau mme mlle monsieur "
                                 "madame dipling dring drmed dott dottssa drs";

/* Names, too, unless a dot follows. */
static const char dotted_honorifics[] = "ing mag ir sr sra";

static const char suffixes[] = "jr sr ii iii iv phd md mba msc bsc esq cpa dds dvm jd llm rn pmp cfa edd psyd obe";

static const char particles[] =
    "van von der den de del della dei des di da dos das do du la le ten ter te zu zum zur af av al el bin ibn bint 't";

static bool is_listed(const char *list, enr_span_t word)
{
    return enr_span_index_in(word, list, ".-") >= 0;
}

static size_t last_word(enr_span_t text)
{
    size_t at = text.len;
    while (at > 0 && text.ptr[at - 1] != ' ') {
        at--;
    }
    return at;
}

static enr_span_t trim_commas(enr_span_t text)
{
    while (text.len > 0 && (text.ptr[text.len - 1] == ',' || text.ptr[text.len - 1] == ' ')) {
        text.len--;
    }
    return enr_span_trim(text);
}

/* The name without letters behind it, and without what stands in brackets: "(he/him)". */
static enr_span_t without_suffixes(enr_span_t name)
{
    const size_t bracket = enr_span_find(name, '(');
    name = trim_commas(bracket > 0 ? enr_span_slice(name, 0, bracket) : name);
    for (size_t at = last_word(name); at > 0 && is_listed(suffixes, from(name, at)); at = last_word(name)) {
        name = trim_commas(enr_span_slice(name, 0, at));
    }
    return name;
}

static bool is_honorific(enr_span_t word)
{
    return is_listed(honorifics, word) || (word.ptr[word.len - 1] == '.' && is_listed(dotted_honorifics, word));
}

/* The name without honorifics before it, of which at least its last word stays. */
static enr_span_t without_honorifics(enr_span_t name)
{
    for (size_t end = enr_span_find(name, ' '); end < name.len && is_honorific(enr_span_slice(name, 0, end));
         end = enr_span_find(name, ' ')) {
        name = enr_span_trim(from(name, end));
    }
    return name;
}

/* The first name without the initials of middle names behind it: "Teodor K." */
static enr_span_t without_initials(enr_span_t first)
{
    for (size_t at = last_word(first); at > 0; at = last_word(first)) {
        const enr_span_t word = from(first, at);
        const size_t len = enr_utf8_next(word);
        if (word.len != len && (word.len != len + 1 || word.ptr[len] != '.')) {
            break;
        }
        first = enr_span_trim(enr_span_slice(first, 0, at));
    }
    return first;
}

/* Chinese, Japanese and Korean script, U+3000 to U+D7FF: which part is the family's is not told by the order. */
static bool is_east_asian(enr_span_t word)
{
    return word.len > 0 && word.ptr[0] >= 0xE3 && word.ptr[0] <= 0xED;
}

/* Where the last name begins: at the last word, or at the particles before it. A first word is a particle only in small
   letters: "van Dijk", but "Van Morrison". */
static size_t last_name(enr_span_t name)
{
    size_t at = last_word(name);
    while (at > 0) {
        enr_span_t rest = enr_span_trim(enr_span_slice(name, 0, at));
        size_t previous = last_word(rest);
        bool is_capital = rest.ptr[previous] >= 'A' && rest.ptr[previous] <= 'Z';
        if (!is_listed(particles, from(rest, previous)) || (previous == 0 && is_capital)) {
            break;
        }
        at = previous;
    }
    return at;
}

typedef struct {
    enr_span_t first;
    enr_span_t last;
} name_t;

static bool is_whole(const name_t *name)
{
    return name->first.len > 0 && name->last.len > 0;
}

/* Splits a whole name (domain 1.6.2). What it does not hold stays empty. */
static void split(enr_span_t text, name_t *out_name)
{
    *out_name = (name_t){0};
    text = without_suffixes(text);
    size_t comma = enr_span_find(text, ',');
    if (comma < text.len) {
        out_name->last = text_before(text, ',');
        out_name->first = without_honorifics(text_before(from(text, comma + 1), ','));
        return;
    }
    enr_span_t bare = without_honorifics(text);
    size_t last = last_word(bare);
    if ((last == 0 && bare.len == text.len) || is_east_asian(from(bare, last))) {
        out_name->first = bare;
        return;
    }
    last = last_name(bare);
    out_name->first = without_initials(enr_span_trim(enr_span_slice(bare, 0, last)));
    out_name->last = from(bare, last);
}

static void set_both(reading_t *reading, const name_t *name)
{
    enr_source_t source = is_whole(name) ? ENR_SOURCE_FULL_NAME : ENR_SOURCE_UNSPLIT;
    badge_set(reading, ENR_FIELD_FIRSTNAME, name->first, source);
    badge_set(reading, ENR_FIELD_LASTNAME, name->last, source);
}

void name_take_whole(reading_t *reading, enr_span_t text)
{
    name_t name;
    split(text, &name);
    set_both(reading, &name);
}

/* Where N has one part only: a last name whose first name stands in FN, or the whole name in one slot. */
static void take_one_slot(reading_t *reading, enr_span_t slot, bool is_family, enr_span_t full)
{
    name_t name = {0};
    full = without_suffixes(full);
    const size_t rest = full.len > slot.len ? full.len - slot.len : 0;
    const size_t semicolon = enr_span_find(slot, ';');
    if (is_family && rest > 0 && full.ptr[rest - 1] == ' ' && enr_span_equal_ignore_case(from(full, rest), slot)) {
        name.first = without_honorifics(enr_span_trim(enr_span_slice(full, 0, rest)));
        name.last = slot;
    } else if (semicolon < slot.len) { /* escaped once too often: "N:Fore\;Back\;;;;;" (domain 1.7) */
        name.first = text_before(from(slot, semicolon + 1), ';');
        name.last = text_before(slot, ';');
    } else {
        split(full, &name);
        if (!is_whole(&name) && slot.len > 0) {
            split(slot, &name);
        }
        if (!is_whole(&name) && slot.len > 0) {
            name = (name_t){0};
            if (is_family) {
                name.last = slot;
            } else {
                name.first = slot;
            }
        }
    }
    set_both(reading, &name);
}

/* A company's name, or an address, in the place of a person's (domain 1.6.3). */
static enr_span_t unless_company(const reading_t *reading, enr_span_t name)
{
    bool is_company = enr_span_equal_ignore_case(name, reading->badge->contact.company_name);
    return is_company || enr_span_find(name, '@') < name.len ? nothing() : name;
}

void name_take_parts(reading_t *reading, enr_span_t family, enr_span_t given, enr_span_t full)
{
    if (family.len > 0 && given.len > 0) { /* each may be a list (RFC 6350 6.2.2) */
        family = without_suffixes(text_before(family, ','));
        given = without_initials(without_honorifics(text_before(given, ',')));
        badge_set(reading, ENR_FIELD_FIRSTNAME, given, ENR_SOURCE_PROPERTY);
        badge_set(reading, ENR_FIELD_LASTNAME, family, ENR_SOURCE_PROPERTY);
        return;
    }
    enr_span_t slot = unless_company(reading, family.len > 0 ? family : given);
    take_one_slot(reading, slot, family.len > 0, unless_company(reading, full));
}
