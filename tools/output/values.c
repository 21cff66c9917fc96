/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <time.h>

#include "output/values.h"

struct text text_size(uint64_t bytes)
{
	struct text text;
	const char *unit = "BKMGTPE";
	double size = (double)bytes;

	while (size >= 1024 && unit[1]) {
		size /= 1024;
		unit++;
	}
	snprintf(text.bytes, sizeof(text.bytes),
		 size < 9.95 && *unit != 'B' ? "%.1f%c" : "%.0f%c", size,
		 *unit);
	return text;
}

static struct text text_age(int64_t seconds)
{
	struct text text;
	long long age = seconds > 0 ? seconds : 0;

	if (age < 120)
		snprintf(text.bytes, sizeof(text.bytes), "%llds", age);
	else if (age < 120 * 60)
		snprintf(text.bytes, sizeof(text.bytes), "%lldm", age / 60);
	else if (age < 48 * 3600)
		snprintf(text.bytes, sizeof(text.bytes), "%lldh", age / 3600);
	else
		snprintf(text.bytes, sizeof(text.bytes), "%lldd", age / 86400);
	return text;
}

struct text text_since(int64_t since)
{
	struct text unknown = { "-" };
	int64_t now = (int64_t)time(NULL);

	/* The second test also keeps the difference from overflowing. */
	if (since <= 0 || since > now)
		return since > 0 && since <= now + 5 ? text_age(0) : unknown;
	return text_age(now - since);
}

struct text text_date(int64_t when)
{
	struct text text;
	time_t moment = (time_t)when;
	struct tm *fields = localtime(&moment);

	/* A header can hold any number; not each is a date. */
	if (!fields || (int64_t)moment != when ||
	    strftime(text.bytes, sizeof(text.bytes), "%Y-%m-%d %H:%M:%S",
		     fields) == 0)
		snprintf(text.bytes, sizeof(text.bytes), "second %lld",
			 (long long)when);
	return text;
}

struct text text_time(int64_t when)
{
	struct text text = { "never" };

	if (when != 0)
		snprintf(text.bytes, sizeof(text.bytes), "%.32s (age %.20s)",
			 text_date(when).bytes, text_since(when).bytes);
	return text;
}

struct text text_user(uid_t uid)
{
	/* The objects of a list have few owners; a look-up takes long. */
	static struct {
		uid_t uid;
		struct text text; /* "": none yet */
	} known[16];
	struct text *text = &known[uid % 16].text;

	if (uid == (uid_t)-1)
		return (struct text){ "-" };
	if (text->bytes[0] && known[uid % 16].uid == uid)
		return *text;
	const struct passwd *user = getpwuid(uid);

	known[uid % 16].uid = uid;
	if (user)
		snprintf(text->bytes, sizeof(text->bytes), "%s", user->pw_name);
	else
		snprintf(text->bytes, sizeof(text->bytes), "%lu",
			 (unsigned long)uid);
	return *text;
}

struct text text_group(gid_t gid)
{
	struct text text = { "-" };

	if (gid == (gid_t)-1)
		return text;
	const struct group *group = getgrgid(gid);

	if (group)
		snprintf(text.bytes, sizeof(text.bytes), "%s", group->gr_name);
	else
		snprintf(text.bytes, sizeof(text.bytes), "%lu",
			 (unsigned long)gid);
	return text;
}

struct text text_mode(mode_t mode)
{
	struct text text = { "-" };

	if (mode != (mode_t)-1)
		snprintf(text.bytes, sizeof(text.bytes), "%04o",
			 (unsigned)mode & 0777);
	return text;
}
