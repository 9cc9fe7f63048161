#include "commands.h"

#include "board.h"
#include "console.h"
#include "export.h"
#include "provision.h"
#include "roster.h"
#include "service.h"
#include "status.h"

static bool stopping, restarting;

static enr_span_t next_word(enr_span_t *words)
{
    enr_span_t word = enr_span_take(words, ' ');
    *words = enr_span_trim(*words);
    return word;
}

static bool read_number(enr_span_t word, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (!enr_is_digit(word.ptr[i]) || *out > UINT32_MAX / 10 - 1) {
            return false;
        }
        *out = *out * 10 + (uint32_t)(word.ptr[i] - '0');
    }
    return word.len > 0;
}

static void say_status(const char *verb, enr_status_t status)
{
    if (status == ENR_OK || status == ENR_END) {
        console_say(verb, status == ENR_OK ? "done" : "there is no such lead, or it is not in a state for that");
    } else {
        console_say_status(verb, "", status);
    }
}

static void erase(const char *verb, enr_span_t words, uint32_t now_ms)
{
    uint32_t number;
    enr_span_t which = next_word(&words);
    if (enr_span_is(which, "all")) {
        export_erase_all(enr_span_is(words, "force"));
    } else if (read_number(which, &number)) {
        say_status(verb, enr_agent_erase(service_agent(), number, now_ms));
    } else {
        console_say(verb, "say a lead's number, or all");
    }
}

/* resend N TYPE, giveup N TYPE */
static void decide(const char *verb, bool again, enr_span_t words, uint32_t now_ms)
{
    uint32_t number;
    enr_type_t which;
    if (!read_number(next_word(&words), &number) || enr_type_parse(words, &which) != ENR_OK) {
        console_say(verb, "say a lead's number and email, phone or personal_email");
        return;
    }
    say_status(verb, again ? enr_agent_resend(service_agent(), number, which, now_ms)
                           : enr_agent_give_up(service_agent(), number, which, now_ms));
}

static void export_words(const char *verb, enr_span_t words)
{
    if (words.len == 0) {
        export_begin();
    } else if (enr_span_is(next_word(&words), "confirm")) {
        export_confirm(words);
    } else {
        console_say(verb, "say nothing more, or confirm DIGEST");
    }
}

void commands_restart(void)
{
    stopping = restarting = true;
}

static const char verbs[] = "status\0leads\0export\0erase\0resend\0giveup\0retry\0set\0secret\0roster\0stop\0reboot";
enum { STATUS, LEADS, EXPORT, ERASE, RESEND, GIVE_UP, RETRY, SET, SECRET, ROSTER, STOP, REBOOT, VERBS };

static void obey(enr_span_t words, uint32_t now_ms, uint32_t longest_ms)
{
    unsigned number = enr_text_find(verbs, VERBS, next_word(&words));
    const char *verb = number < VERBS ? enr_text_of(verbs, number) : "";
    switch (number) {
    case STATUS:
        status_report(now_ms, longest_ms);
        break;
    case LEADS:
        export_list();
        break;
    case EXPORT:
        export_words(verb, words);
        break;
    case ERASE:
        erase(verb, words, now_ms);
        break;
    case RESEND:
    case GIVE_UP:
        decide(verb, number == RESEND, words, now_ms);
        break;
    case RETRY:
        enr_agent_retry(service_agent(), now_ms);
        say_status(verb, ENR_OK);
        break;
    case SET:
        provision_set(words);
        break;
    case SECRET:
        provision_new_secret();
        break;
    case ROSTER:
        roster_command(words);
        break;
    case STOP:
        stopping = true;
        break;
    case REBOOT:
        commands_restart();
        break;
    default:
        console_say("console", "status, leads, export [confirm DIGEST], erase N, erase all [force], resend N TYPE, "
                               "giveup N TYPE, retry, set, secret, roster, stop, reboot");
    }
}

ENR_NOINLINE void commands_step(uint32_t now_ms, uint32_t longest_ms)
{
    enr_span_t line = console_command();
    if (line.len > 0 && !roster_take_line(line) && !provision_take_line(line)) {
        obey(enr_span_trim(line), now_ms, longest_ms);
    }
    export_step(now_ms);
    if (stopping && enr_agent_stop(service_agent()) == ENR_OK) {
        if (restarting) {
            board_restart();
        }
        stopping = false;
        console_say("stop", "the power may go; reboot goes on");
    }
}
