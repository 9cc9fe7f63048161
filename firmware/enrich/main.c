/* enrich: the command line of the contact-enrichment service. */
#include "commands.h"
#include "help.h"
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int print_words(const char *words)
{
    if (fputs(words, stdout) >= 0 && fflush(stdout) == 0) {
        return EXIT_DONE;
    }
    (void)fprintf(stderr, "enrich: standard output: %s\n", strerror(errno));
    return EXIT_SETTING;
}

int main(int argc, char **argv)
{
    static options_t options;
    (void)signal(SIGPIPE, SIG_IGN);              /* a write that fails says so */
    (void)setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* whole lines also when several programs write */
    report_t report = {.command = "enrich"};
    report.code = options_read(argc, argv, &options, &report.problem);
    if (report.code != EXIT_DONE) {
        report.problem.hint = help_hint(options.command);
        return report_print(&report);
    }
    if (options.help) {
        return print_words(help_of(options.command));
    }
    if (options.version) {
        return print_words(HELP_VERSION);
    }
    switch (options.command) {
    case COMMAND_SUBMIT:
        return submit_run(&options);
    case COMMAND_GET:
        return get_run(&options);
    case COMMAND_BULK:
        return bulk_run(&options);
    case COMMAND_RUN:
        return run_run(&options);
    case COMMAND_LEADS:
        return leads_run(&options);
    case COMMAND_CREDITS:
        return credits_run(&options);
    case COMMAND_ROSTER:
        return roster_run(&options);
    case COMMAND_PROVISION:
        return provision_run(&options);
    case COMMAND_WEBHOOK:
        return webhook_run(&options);
    default:
        return badge_run(&options);
    }
}
