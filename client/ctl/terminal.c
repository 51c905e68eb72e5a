/* A question without echo. Signals that would end or stop us while the echo is off are held back
 * and read from a descriptor: the terminal is put in order first, then the signal has its effect.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/secret-input.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static const int held_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP };

typedef struct Terminal {
        int fd;
        int signal_fd;
        struct termios saved;
        sigset_t held;
        sigset_t mask; /* what it was */
        bool echo_is_off;
} Terminal;

static void echo_restore(Terminal *terminal) {
        if (terminal->echo_is_off)
                (void)tcsetattr(terminal->fd, TCSAFLUSH, &terminal->saved);
        terminal->echo_is_off = false;
}

static int echo_stop(Terminal *terminal) {
        struct termios quiet;

        if (tcgetattr(terminal->fd, &terminal->saved) < 0)
                return -errno;
        quiet = terminal->saved;
        quiet.c_lflag &= (tcflag_t) ~(ECHO | ECHONL);
        quiet.c_lflag |= ICANON | ISIG;
        terminal->echo_is_off = true;
        return tcsetattr(terminal->fd, TCSAFLUSH, &quiet) < 0 ? -errno : 0;
}

static void terminal_close(Terminal *terminal) {
        echo_restore(terminal);
        if (terminal->signal_fd >= 0) {
                close(terminal->signal_fd);
                (void)sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
        }
        if (terminal->fd >= 0)
                close(terminal->fd);
}

static int terminal_open(Terminal *terminal) {
        terminal->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (terminal->fd < 0)
                return -ENXIO;
        sigemptyset(&terminal->held);
        for (size_t i = 0; i < ELEMENTSOF(held_signals); i++)
                sigaddset(&terminal->held, held_signals[i]);
        if (sigprocmask(SIG_BLOCK, &terminal->held, &terminal->mask) < 0)
                return -errno;
        terminal->signal_fd = signalfd(-1, &terminal->held, SFD_CLOEXEC | SFD_NONBLOCK);
        if (terminal->signal_fd < 0) {
                int r = -errno;

                (void)sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
                return r;
        }
        return 0;
}

/* A terminal that takes no newline takes no notice either. */
static void newline_write(const Terminal *terminal) {
        ssize_t n = write(terminal->fd, "\n", 1);

        (void)n;
}

static int prompt_write(const Terminal *terminal, const char *prompt) {
        _cleanup_(secret_done) Secret line = SECRET_INIT;
        int r;

        r = secret_append_text(&line, prompt);
        if (r == 0)
                r = secret_append_text(&line, ": ");
        if (r < 0)
                return r;
        return write(terminal->fd, secret_text(&line), line.size) < 0 ? -errno : 0;
}

/* Lets a signal that came do what it does. Back only from a stop, or when it is ignored. */
static int signal_obey(Terminal *terminal, const char *prompt) {
        struct signalfd_siginfo info;
        int r;

        if (read(terminal->signal_fd, &info, sizeof(info)) != sizeof(info))
                return 0;
        echo_restore(terminal);
        newline_write(terminal);
        (void)raise((int)info.ssi_signo);
        (void)sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
        (void)sigprocmask(SIG_BLOCK, &terminal->held, NULL);
        r = echo_stop(terminal);
        return r < 0 ? r : prompt_write(terminal, prompt);
}

/* In canonical mode a read gives a line, or the beginning of one. */
static int line_read(Terminal *terminal, const char *prompt, Secret *line) {
        for (;;) {
                struct pollfd fds[] = {
                        { .fd = terminal->signal_fd, .events = POLLIN },
                        { .fd = terminal->fd, .events = POLLIN },
                };
                ssize_t n;
                int r;

                if (poll(fds, ELEMENTSOF(fds), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (fds[0].revents) {
                        secret_clear(line);
                        r = signal_obey(terminal, prompt);
                        if (r < 0)
                                return r;
                        continue;
                }
                r = secret_reserve(line, SECRET_INPUT_MAX + 2 - line->size);
                if (r < 0)
                        return r;
                n = read(terminal->fd, line->text + line->size, SECRET_INPUT_MAX + 1 - line->size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -ENODATA;
                line->size += (size_t)n;
                line->text[line->size] = '\0';
                if (line->text[line->size - 1] == '\n')
                        return 0;
                if (line->size > SECRET_INPUT_MAX)
                        return -EFBIG;
        }
}

int terminal_ask(const char *prompt, Secret *ret) {
        _cleanup_(terminal_close) Terminal terminal = { .fd = -1, .signal_fd = -1 };
        _cleanup_(secret_done) Secret line = SECRET_INIT;
        int r;

        r = terminal_open(&terminal);
        if (r == 0)
                r = echo_stop(&terminal);
        if (r == 0)
                r = prompt_write(&terminal, prompt);
        if (r == 0)
                r = line_read(&terminal, prompt, &line);
        if (terminal.echo_is_off)
                newline_write(&terminal);
        if (r < 0)
                return r;
        line.text[--line.size] = '\0';
        if (memchr(line.text, '\0', line.size))
                return -EILSEQ;
        *ret = TAKE(line, SECRET_INIT);
        return 0;
}
