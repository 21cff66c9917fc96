/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The alternate screen, keys without Enter, and at the end all as it was
 * before, whatever ends or stops the program (but SIGKILL).
 *
 * Signals are blocked except while a key is waited for, so that none comes
 * unseen right before the wait. ^Z gives the terminal back and stops the
 * program; when it goes on, it takes the terminal again.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include "commands/top_terminal.h"
#include "common/clock.h"
#include "common/message.h"
#include "common/signals.h"

static const int waking_signals[] = {
	SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT
};

#define SIGNAL_COUNT (sizeof(waking_signals) / sizeof(*waking_signals))

static struct termios before;
static sigset_t mask_before;
static volatile sig_atomic_t stop_wanted;

static void note_signal(int signal_number)
{
	if (signal_number == SIGTSTP)
		stop_wanted = 1;
}

static void take_screen(void)
{
	struct termios now = before;

	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
	/* The alternate screen, without a cursor. */
	fputs("\033[?1049h\033[?25l\033[2J", stdout);
	fflush(stdout);
}

static void give_back(void)
{
	fputs("\033[?7h\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

int terminal_enter(void)
{
	struct sigaction action;
	sigset_t blocked;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) ||
	    tcgetattr(STDIN_FILENO, &before) != 0) {
		message("this is no terminal; \"svshm list\" prints the same "
			"once");
		return -1;
	}
	sigemptyset(&blocked);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaddset(&blocked, waking_signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &mask_before);
	signals_catch();
	memset(&action, 0, sizeof(action));
	action.sa_handler = note_signal;
	sigemptyset(&action.sa_mask);
	sigaction(SIGWINCH, &action, NULL);
	sigaction(SIGTSTP, &action, NULL);
	sigaction(SIGCONT, &action, NULL);
	take_screen();
	return 0;
}

void terminal_leave(void)
{
	give_back();
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

void terminal_size(int *lines, int *columns)
{
	struct winsize size;

	*lines = 24;
	*columns = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return;
	if (size.ws_row > 0)
		*lines = size.ws_row;
	if (size.ws_col > 0)
		*columns = size.ws_col;
}

static void stop(void)
{
	stop_wanted = 0;
	give_back();
	/* Not SIGTSTP: that one is caught. */
	raise(SIGSTOP);
	take_screen();
}

/* What arrows and page keys send: ESC [ A or ESC O A, ESC [ 5 ~. */
static int parse_key(const char *bytes, size_t length)
{
	static const struct {
		const char *bytes;
		int key;
	} keys[] = {
		{ "\033[A", KEY_UP },      { "\033OA", KEY_UP },
		{ "\033[B", KEY_DOWN },    { "\033OB", KEY_DOWN },
		{ "\033[5~", KEY_PAGE_UP }, { "\033[6~", KEY_PAGE_DOWN },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (length == strlen(keys[i].bytes) &&
		    memcmp(bytes, keys[i].bytes, length) == 0)
			return keys[i].key;
	return (unsigned char)bytes[0];
}

int terminal_key(int64_t timeout_ms)
{
	struct timespec timeout = timespec_of(timeout_ms);
	char bytes[8];
	fd_set input;

	FD_ZERO(&input);
	FD_SET(STDIN_FILENO, &input);
	int ready = pselect(STDIN_FILENO + 1, &input, NULL, NULL, &timeout,
			    &mask_before);

	if (stop_wanted)
		stop();
	if (ready <= 0)
		return KEY_NONE;
	ssize_t length = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (length == 0 || (length < 0 && errno != EINTR && errno != EAGAIN))
		return KEY_END_OF_INPUT;
	return length < 0 ? KEY_NONE : parse_key(bytes, (size_t)length);
}
