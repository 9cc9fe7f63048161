#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t came;
static int ends[2] = {-1, -1}; /* a pipe: read here, written by the handler */

static void on_signal(int number)
{
    int before = errno;
    came = number;
    (void)!write(ends[1], "", 1);
    errno = before;
}

void interrupt_catch(void)
{
    if (pipe(ends) != 0) {
        ends[0] = ends[1] = -1; /* the handler still ends the wait, but for a signal in the wrong instant */
    }
    for (int i = 0; i < 2; i++) {
        (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

int interrupt_number(void)
{
    return came;
}

exit_code_t interrupt_exit(void)
{
    return (exit_code_t)(EXIT_SIGNAL + interrupt_number());
}

int interrupt_fd(void)
{
    return ends[0];
}
