/* SPDX-License-Identifier: BSD-2-Clause */
/* It is a line that is written over. */
#include <config.h>

#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "output/progress.h"
#include "output/values.h"

#define AFTER_MS 1000
#define EVERY_MS 200

void progress_begin(struct progress *progress, const char *what)
{
	progress->what = what;
	progress->started = now_ms();
	progress->shown = 0;
}

static void print_amount(uint64_t amount, const char *unit)
{
	if (*unit)
		fprintf(stderr, "%llu", (unsigned long long)amount);
	else
		fputs(text_size(amount).bytes, stderr);
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total,
		   const char *unit)
{
	int64_t now = now_ms();

	if (now - progress->started < AFTER_MS ||
	    now - progress->shown < EVERY_MS || !isatty(STDERR_FILENO))
		return;
	progress->shown = now;
	fprintf(stderr, "\rsvshm: %s ", progress->what);
	print_amount(done, unit);
	if (total > 0) {
		fputs(" of ", stderr);
		print_amount(total, unit);
	}
	fprintf(stderr, "%s%s", *unit ? " " : "", unit);
	if (total > 0)
		fprintf(stderr, ", %.0f%%",
			100.0 * (double)done / (double)total);
	fputs("\033[K", stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = 0;
}
