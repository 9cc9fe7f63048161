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
    size_t end = enr_span_find(*words, ' ');
    enr_span_t word = enr_span_slice(*words, 0, end);
    *words = enr_span_trim(enr_span_slice(*words, end, words->len));
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

static void say_status(const char *room, enr_status_t status)
{
    console_line_t line;
    console_begin(&line, room);
    if (status == ENR_OK) {
        console_text(&line, "done");
    } else if (status == ENR_END) {
        console_text(&line, "there is no such lead, or it is not in a state for that");
    } else {
        console_status(&line, status);
    }
    console_end(&line);
}

static void erase(enr_span_t words, uint32_t now_ms)
{
    uint32_t number;
    enr_span_t which = next_word(&words);
    if (enr_span_equal(which, ENR_SPAN("all"))) {
        export_erase_all(enr_span_equal(words, ENR_SPAN("force")));
    } else if (read_number(which, &number)) {
        say_status("erase", enr_agent_erase(service_agent(), number, now_ms));
    } else {
        console_say("erase", "say a lead's number, or all");
    }
}

/* resend N TYPE, giveup N TYPE */
static void decide(const char *room, bool again, enr_span_t words, uint32_t now_ms)
{
    uint32_t number;
    bool is_number = read_number(next_word(&words), &number);
    enr_type_t which = (enr_type_t)console_type_named(words);
    if (!is_number || which == 0) {
        console_say(room, "say a lead's number and email, phone or personal_email");
        return;
    }
    say_status(room, again ? enr_agent_resend(service_agent(), number, which, now_ms)
                           : enr_agent_give_up(service_agent(), number, which, now_ms));
}

static void export_words(enr_span_t words)
{
    if (words.len == 0) {
        export_begin();
    } else if (enr_span_equal(next_word(&words), ENR_SPAN("confirm"))) {
        export_confirm(words);
    } else {
        console_say("export", "say nothing more, or confirm DIGEST");
    }
}

void commands_restart(void)
{
    stopping = restarting = true;
}

static void obey(enr_span_t words, uint32_t now_ms, uint32_t longest_ms)
{
    enr_span_t verb = next_word(&words);
    if (enr_span_equal(verb, ENR_SPAN("status"))) {
        status_report(now_ms, longest_ms);
    } else if (enr_span_equal(verb, ENR_SPAN("leads"))) {
        export_list();
    } else if (enr_span_equal(verb, ENR_SPAN("export"))) {
        export_words(words);
    } else if (enr_span_equal(verb, ENR_SPAN("erase"))) {
        erase(words, now_ms);
    } else if (enr_span_equal(verb, ENR_SPAN("resend"))) {
        decide("resend", true, words, now_ms);
    } else if (enr_span_equal(verb, ENR_SPAN("giveup"))) {
        decide("giveup", false, words, now_ms);
    } else if (enr_span_equal(verb, ENR_SPAN("retry"))) {
        enr_agent_retry(service_agent(), now_ms);
        console_say("retry", "done");
    } else if (enr_span_equal(verb, ENR_SPAN("set"))) {
        provision_set(words);
    } else if (enr_span_equal(verb, ENR_SPAN("secret"))) {
        provision_new_secret();
    } else if (enr_span_equal(verb, ENR_SPAN("roster"))) {
        roster_command(words);
    } else if (enr_span_equal(verb, ENR_SPAN("stop"))) {
        stopping = true;
    } else if (enr_span_equal(verb, ENR_SPAN("reboot"))) {
        commands_restart();
    } else {
        console_say("console", "status, leads, export [confirm DIGEST], erase N, erase all [force], resend N TYPE, "
                               "giveup N TYPE, retry, set, secret, roster, stop, reboot");
    }
}

void commands_step(uint32_t now_ms, uint32_t longest_ms)
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
