/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"

double command_run(const char *const *words)
{
	double start = bench_now();
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execvp(words[0], (char *const *)words);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		bench_die(words[1]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -1;
	if (status != 0)
		bench_die(words[1]);
	return (bench_now() - start) / 1e6;
}
