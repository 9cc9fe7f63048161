#include "roster.h"

#include "commands.h"
#include "print.h"
#include "report.h"

#include "enrich/badge.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *roster_day(int64_t seconds)
{
    static char text[32];
    const time_t time = (time_t)seconds;
    struct tm day;
    if (gmtime_r(&time, &day) == NULL || strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &day) == 0) {
        return "?";
    }
    return text;
}

/* A file in the place of a region of flash. */
static enr_status_t read_file(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    const int fd = *(const int *)ctx;
    while (len > 0) {
        const ssize_t got = pread(fd, out, len, (off_t)offset);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return ENR_E_FLASH;
        }
        const uint32_t count = got > 0 ? (uint32_t)got : 0;
        out += count;
        offset += count;
        len -= count;
    }
    return ENR_OK;
}

static exit_code_t refuse(const char *path, enr_status_t status, problem_t *out_problem)
{
    *out_problem = (problem_t){
        .status = status,
        .where = path,
        .what = status == ENR_E_FLASH   ? "cannot be read"
                : status == ENR_E_LIMIT ? "is a roster of a later format, or cut off"
                                        : "is no roster, or a damaged one",
    };
    return EXIT_SETTING;
}

static exit_code_t print_entry(const enr_roster_t *roster, const options_t *options, problem_t *out_problem)
{
    static uint8_t memory[ENR_ROSTER_ENTRY_MAX];
    enr_buffer_t room = enr_buffer_over(memory, sizeof memory);
    enr_roster_entry_t entry;
    enr_status_t status = enr_roster_find(roster, enr_span_from_str(options->id), &room, &entry);
    if (status == ENR_END) {
        return outcome_problem(out_problem, EXIT_NO_SUCH_ID, options->id, "nobody on the roster has this id");
    }
    if (status != ENR_OK) {
        return refuse(options->file, status, out_problem);
    }
    const struct {
        enr_field_t field;
        enr_span_t value;
    } fields[] = {
        {ENR_FIELD_FIRSTNAME, entry.contact.firstname},
        {ENR_FIELD_LASTNAME, entry.contact.lastname},
        {ENR_FIELD_COMPANY, entry.contact.company_name},
        {ENR_FIELD_DOMAIN, entry.contact.domain},
        {ENR_FIELD_EMAIL, entry.email},
        {ENR_FIELD_PHONE, entry.phone},
        {ENR_FIELD_TITLE, entry.title},
        {ENR_FIELD_LINKEDIN_URL, entry.contact.linkedin_url},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].value.len > 0) {
            const char *name = enr_field_name(fields[i].field);
            (void)printf("%s:%*s", name, 15 - (int)strlen(name), "");
            print_text(stdout, fields[i].value);
            (void)fputc('\n', stdout);
        }
    }
    (void)printf("scan:           %s\n", entry.no_scan ? "no: the attendee does not want it" : "yes");
    return EXIT_DONE;
}

exit_code_t roster_open(roster_file_t *out, const char *path, problem_t *out_problem)
{
    struct stat about;
    out->fd = open(path, O_RDONLY | O_CLOEXEC);
    out->opened = out->fd >= 0;
    if (!out->opened || fstat(out->fd, &about) != 0) {
        return outcome_problem(out_problem, EXIT_SETTING, path, strerror(errno));
    }
    const uint32_t size = about.st_size > (off_t)UINT32_MAX ? UINT32_MAX : (uint32_t)about.st_size;
    out->flash = (enr_flash_t){.ctx = &out->fd, .size = size, .read = read_file};
    enr_status_t status = enr_roster_open(&out->flash, &out->roster);
    status = status == ENR_OK ? ENR_AGAIN : status;
    while (status == ENR_AGAIN) {
        status = enr_roster_check(&out->roster);
    }
    return status == ENR_OK ? EXIT_DONE : refuse(path, status, out_problem);
}

void roster_close(roster_file_t *file)
{
    if (file->opened) {
        (void)close(file->fd);
        file->opened = false;
    }
}

static exit_code_t show(const options_t *options, problem_t *out_problem)
{
    static roster_file_t file;
    const enr_roster_t *roster = &file.roster;
    exit_code_t code = roster_open(&file, options->file, out_problem);
    if (code == EXIT_DONE && options->id != NULL) {
        code = print_entry(roster, options, out_problem);
    } else if (code == EXIT_DONE) {
        const bool is_expired = enr_roster_is_expired(roster, (int64_t)time(NULL));
        (void)printf("attendees:      %u\nversion:        %u\nexpires:        %s%s\n", (unsigned)roster->count,
                     (unsigned)roster->version, roster_day(roster->expires), is_expired ? " (expired)" : "");
    }
    roster_close(&file);
    return code;
}

int roster_run(const options_t *options)
{
    report_t report = {.command = "roster"};
    report.code = strcmp(options->operand, "build") == 0 ? roster_build(options, &report.problem)
                                                         : show(options, &report.problem);
    return report_print(&report);
}
