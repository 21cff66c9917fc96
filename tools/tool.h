/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the commands of the svshm tool share. The tool sees the library through
 * its public header only.
 *
 * A command is one file commands/NAME.c that defines one struct command, and one row
 * in the table in main.c.
 */
#ifndef SVSHM_TOOL_H
#define SVSHM_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "svshm.h"

#if defined(__GNUC__)
#define TOOL_PRINTF(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#else
#define TOOL_PRINTF(format, first)
#endif

/* Exit statuses; documented in svshm(1). */
enum tool_status {
	TOOL_DONE = 0,
	TOOL_FAILED = 1,
	TOOL_USAGE = 2,
	TOOL_LEFTOVERS = 3 /* or a limit that is reached: there is something */
};

struct command {
	const char *name;
	/* argv[0] is the command's name; the result is the exit status. */
	int (*run)(int argc, char **argv);
	const char *help;  /* one line */
	const char *usage; /* what "svshm NAME --help" prints */
};

extern const struct command command_list;
extern const struct command command_info;
extern const struct command command_recover;
extern const struct command command_remove;
extern const struct command command_put;
extern const struct command command_get;
extern const struct command command_lock;
extern const struct command command_limits;
extern const struct command command_top;

/* ---- options.c: the command line ---------------------------------------- */

enum tool_option_kind {
	OPTION_FLAG,    /* target: bool */
	OPTION_TEXT,    /* target: const char *; NULL before */
	OPTION_DURATION, /* target: int64_t, milliseconds; negative before */
	OPTION_USER,    /* target: uid_t; (uid_t)-1 before; a name or a uid */
	OPTION_LAYOUT /* target: enum svshm_layout; 0, native, before */
};

struct tool_option {
	const char *name; /* without the dashes; NULL ends a table */
	enum tool_option_kind kind;
	void *target;
};

struct operands {
	int count;
	char **values;
	int before_dashes; /* how many stood before "--" */
	bool dashes;       /* there was a "--" */
};

/* ARGUMENT is the option with these two names. */
bool option_is(const char *argument, const char *letter, const char *word);

/* What options_parse() returns if the command shall go on. */
#define OPTIONS_READ (-1)

/*
 * Read options, which may stand between operands up to "--", and collect the
 * operands. Otherwise than with OPTIONS_READ, the help has been printed, or
 * what is wrong; the result is the exit status.
 */
int options_parse(const struct command *command, int argc, char **argv,
		  const struct tool_option *table, struct operands *operands);

/*
 * A handle for the object that the command line names: for NATIVE_KEY if it is
 * not NULL, else for the first operand, which is taken away. NULL: there is no
 * name, or no memory; *status has the exit status.
 */
struct svshm *options_handle(const struct command *command,
			     struct operands *operands, const char *native_key,
			     enum svshm_layout layout, int *status);

/* Print what is wrong with the command line; the result is TOOL_USAGE. */
int usage_error(const struct command *command, const char *format, ...)
	TOOL_PRINTF(2, 3);

/* ---- target.c: which object is meant ------------------------------------- */

/* What the options say; segment_id and what follows: target_parse(). */
struct target {
	const char *native_key, *id_text, *set_text, *ipc_key_text;
	enum svshm_layout layout;
	uid_t user; /* whose; (uid_t)-1: the caller's by key, anybody's by id */
	int segment_id, set_id; /* -1: not by that */
	uint32_t ipc_key;
};

/* Read the numbers. More than one way to name it, OPERANDS too, is an error. */
int target_parse(const struct command *command, struct target *target,
		 int operands);

/* It is named by an id or an IPC key. */
bool target_is_number(const struct target *target);

/* Before HANDLE is used: it looks for the keys of the target's user. */
int target_set_user(const struct target *target, struct svshm *handle);

/*
 * Visit what is named by a number or the native key, or by KEY. The result is
 * the visit's, or a code of svshm_inspect(), and why in *PROBLEM, which the
 * caller frees. By an IPC key there can be two: a segment and a set.
 */
int target_find(const struct target *target, const char *key,
		svshm_visit *visit, void *context, char **problem);

/* What was asked for, for messages; the caller frees it. */
char *target_name(const struct target *target, const char *key);

/* ---- suggest.c: what was meant ------------------------------------------ */

struct suggestion {
	const char *word; /* without dashes and value */
	size_t length;
	const char *nearest; /* NULL: nothing is near */
	size_t distance;     /* so far, or the first that is too far */
};

/* Look for what is near WORD: try each candidate, the most likely ones first. */
void suggest_begin(struct suggestion *suggestion, const char *word);
void suggest_try(struct suggestion *suggestion, const char *candidate);

/* ---- output.c: text for people ------------------------------------------ */

/* A short text by value, so that it can be used inside a call of printf. */
struct text {
	char bytes[64];
};

/* "svshm: ..." on standard error, one line whatever the arguments hold. */
void message(const char *format, ...) TOOL_PRINTF(1, 2);

/* Print the last error of a handle; the result is TOOL_FAILED. */
int fail(const struct svshm *handle);

/* malloc() and realloc() that end the process with a message if they fail. */
void *must_allocate(size_t size);
void *must_reallocate(void *memory, size_t size);

/* printf() into memory of the caller's. */
char *text_print(const char *format, ...) TOOL_PRINTF(1, 2);

/*
 * A copy in which control characters, broken multibyte characters and those
 * that change the direction of writing are spelled out. The caller frees it.
 */
char *text_escape(const char *bytes);

/* Columns that an escaped text takes on a terminal. */
size_t text_width(const char *text);

/* Shorten an escaped text to so many columns; the last one says so. */
void text_cut(char *text, size_t columns);

struct text text_size(uint64_t bytes);            /* "4.0K" */
struct text text_age(int64_t seconds);            /* "12m" */
struct text text_since(int64_t time);             /* age of a time, or "-" */
struct text text_date(int64_t time);              /* "2026-11-30 02:26:25" */
struct text text_time(int64_t time);              /* with age, or "never" */
struct text text_user(uid_t uid);                 /* "-": (uid_t)-1 */
struct text text_group(gid_t gid);
struct text text_mode(mode_t mode);               /* "0640", "-" */

/* Standard output is a terminal on which colour is welcome. */
bool output_in_colour(void);

/* ---- table.c: aligned columns ------------------------------------------- */

struct table {
	const char *const *titles;
	const char *alignment;   /* a letter per column: l or r */
	size_t coloured;         /* the column that rows may colour */
	bool untitled;           /* rows only */
	bool wide;               /* a line each, however long it gets */
	size_t rows;
	char **cells;            /* owned */
	const char **colours;    /* per row: escape sequence or NULL; static */
};

/* Add a row; the cells, one per column, belong to the table afterwards. */
void table_add(struct table *table, char *const *cells, const char *colour);

/*
 * Print titles and rows within 80 columns: a first cell that is too long gets
 * a line of its own, unless the table is wide. table_print_some(): COUNT rows
 * from FIRST on, each line ended by END.
 */
void table_print(const struct table *table);
void table_print_some(const struct table *table, size_t first, size_t count,
		      const char *end);
void table_free(struct table *table);

/* ---- rows.c: objects as rows --------------------------------------------- */

#define COLUMNS_MAX 16

/* Which columns are shown; begins as zeros. */
struct columns {
	size_t count;
	size_t which[COLUMNS_MAX];
	const char *titles[COLUMNS_MAX];
	char alignment[COLUMNS_MAX + 1];
	size_t verdict; /* the column that is coloured; none: COLUMNS_MAX */
};

/* The titles of all columns that there are; the result is their number. */
size_t columns_names(const char *names[COLUMNS_MAX]);

/* Add the column with that index; false: it is there already. */
bool columns_add(struct columns *columns, size_t index);

/* What is shown unless something else is asked for. */
void columns_usual(struct columns *columns);

/* NAME_WIDTH: cut the key to so many columns; 0: don't. */
void row_add(struct table *table, const struct columns *columns,
	     const struct svshm_object *object, size_t name_width,
	     bool colour);

/* ---- snapshot.c: objects that stay --------------------------------------- */

enum sort_order {
	SORT_KEY,  /* ours before other programs' */
	SORT_SIZE, /* the largest first */
	SORT_AGE,  /* the oldest first */
	SORT_OWNER,
	SORT_VERDICT /* leftovers first */
};

struct seen {
	struct svshm_object object; /* owns what it points to */
	struct text owner;
};

struct snapshot {
	size_t count;
	struct seen *list;
};

void snapshot_add(struct snapshot *snapshot, const struct svshm_object *object);
void snapshot_sort(struct snapshot *snapshot, enum sort_order by);

/* It is empty afterwards, and can be used again. */
void snapshot_free(struct snapshot *snapshot);

/* ---- view.c: which objects, in which order and columns ------------------- */

struct view {
	/* As the options have it; VIEW_OPTIONS(). */
	const char *sort, *output, *verdict;
	bool no_headings;
	bool all; /* other programs' too */
	/* What view_read() has made of them. */
	enum sort_order order;
	unsigned verdicts; /* 0: all */
	struct columns columns;
};

#define VIEW_OPTIONS(view) \
	{ "all", OPTION_FLAG, &(view)->all }, \
	{ "noheadings", OPTION_FLAG, &(view)->no_headings }, \
	{ "output", OPTION_TEXT, &(view)->output }, \
	{ "sort", OPTION_TEXT, &(view)->sort }, \
	{ "verdict", OPTION_TEXT, &(view)->verdict }

/* OPTIONS_READ, or what is wrong has been printed, and it's the exit status. */
int view_read(struct view *view, const struct command *command);

bool view_wants(const struct view *view, const struct svshm_object *object);

/* An empty table for its columns, which it refers to. */
struct table view_table(const struct view *view);

const char *view_order_word(const struct view *view);
void view_next_order(struct view *view);

/* ---- json.c ------------------------------------------------------------- */

/*
 * A JSON document on standard output, member by member. The name is NULL
 * inside an array. Any bytes make valid JSON: what is not UTF-8 becomes
 * U+FFFD.
 */
void json_open(const char *name, char bracket); /* '{' or '[' */
void json_close(char bracket);                  /* '}' or ']' */
void json_text(const char *name, const char *value); /* NULL: null */
void json_number(const char *name, int64_t value);
void json_unsigned(const char *name, uint64_t value);
void json_boolean(const char *name, bool value);
void json_null(const char *name);
void json_known(const char *name, int64_t value);    /* 0: null */
void json_id(const char *name, int64_t value);       /* negative: null */

/* ---- breathe.c ----------------------------------------------------------- */

/* To be called at each visit of a scan that may see thousands of objects. */
void scan_breathe(void);

/* ---- object.c: objects in words ----------------------------------------- */

/* No live process uses it, and it ought to be gone. */
bool object_is_leftover(const struct svshm_object *object);

/* The verdict as JSON has it: one word, stable. */
const char *object_verdict(const struct svshm_object *object);

/* The estimate of a foreign one, as JSON and people have it. */
const char *object_certainty(const struct svshm_object *object);

/* Bytes of data; of another program's, of the segment; 0: not known. */
uint64_t object_size(const struct svshm_object *object);

/* When it was used last, as far as is known; 0: not at all. */
int64_t object_left_time(const struct svshm_object *object);

/* What there is to say beside the verdict, or NULL; the caller frees it. */
char *object_notes(const struct svshm_object *object);

/* Its layout in one word, stable; "-" if it is another program's. */
const char *object_layout(const struct svshm_object *object);

/* How many of the processes in its table are alive. */
size_t object_alive(const struct svshm_object *object);

/* Key, native key or ids, not escaped; the caller frees it. */
char *object_name(const struct svshm_object *object);

/*
 * "pid 12 (name), pid 13 (name)": who uses it, NULL if nobody who is
 * registered; the caller frees it.
 */
char *object_users(const struct svshm_object *object);

/*
 * Why svshm_recover(), which has returned CODE, did not remove it; the caller
 * frees it.
 */
char *object_refusal(const struct svshm_object *object,
		     const struct svshm_recovery *recovery, int code);

/* The members of the object, without the brackets. */
void object_json(const struct svshm_object *object);

/* ---- progress.c: for who waits at a terminal ----------------------------- */

struct progress {
	const char *what; /* what is done; static */
	int64_t started;
	int64_t shown;    /* when it was last shown; 0: never */
};

void progress_begin(struct progress *progress, const char *what);

/*
 * So far DONE of TOTAL (0: not known), in UNIT ("": bytes). After a second, and
 * then ten times a second, it is shown if standard error is a terminal.
 */
void progress_show(struct progress *progress, uint64_t done, uint64_t total,
		   const char *unit);

/* Wipe it off. */
void progress_end(struct progress *progress);

/* ---- file.c: files that are complete or not there ------------------------ */

struct new_file {
	char *path;
	char *temporary; /* NULL: nothing to clean up */
	int fd;
};

/*
 * All functions that return an int return 0, or -1 with errno set.
 *
 * Begin a file that shall become PATH, under another name beside it.
 */
int new_file_begin(struct new_file *file, const char *path);

/* Make it durable and give it its name; without REPLACE only a free name. */
int new_file_commit(struct new_file *file, bool replace);

/* Is it a directory, itself and no link, to write to? Says what is wrong. */
int directory_check(const char *path);

/* Remove it, unless it has been committed, and free what it holds. */
void new_file_end(struct new_file *file);

/* Write all; EINTR if a signal to end was caught. PROGRESS may be NULL. */
int write_all(int fd, const void *data, size_t size,
	      struct progress *progress);

/* ---- rescue.c: what recover saves ---------------------------------------- */

struct rescue {
	const char *directory;
	char *path;    /* where the data are; NULL: not saved */
	char *problem; /* why they are not */
};

/* For svshm_recovery, with a struct rescue: what fails keeps the object. */
int rescue_save(const struct svshm_object *object, const void *data,
		size_t size, void *context);

/* ---- source.c: what put copies ------------------------------------------- */

struct source {
	int fd;
	const char *name; /* for messages */
	size_t size;      /* of the data; 0: not known yet */
	char *memory;     /* the data, if they had to be read to be measured */
	struct progress progress;
};

/*
 * Both return an exit status and print what is wrong. Open PATH (NULL or "-":
 * standard input) and find out the size, which is not 0.
 */
int source_open(struct source *source, const char *path);

/* Copy it to DATA, which has room for its size. */
int source_copy(struct source *source, char *data);

void source_close(struct source *source);

/* ---- waiting.c: time, signals, and waiting for the lock ------------------ */

/* Milliseconds of a clock that is never set. */
int64_t now_ms(void);

/* The end of a wait; for a negative duration there is none (INT64_MAX). */
int64_t deadline_after(int64_t duration_ms);

/*
 * From now on SIGINT, SIGTERM and SIGHUP (unless ignored) only leave a note,
 * and a failing write is an error, not a signal.
 */
void signals_catch(void);

/* For commands that only print: a file that may not grow is an error, too. */
void signals_spare_output(void);

/* The signal that was noted, or 0. */
int signals_caught(void);

/* End the process by the signal that was noted. */
void signals_die(void);

/* Pause until the time has passed or a signal has been noted. */
void pause_ms(int64_t duration_ms);

/* What lock_until() returns, beside the codes, if a signal has been noted. */
#define LOCK_INTERRUPTED 100

/* As svshm_lock(), but ends at the deadline and on a signal. */
int lock_until(struct svshm *handle, int64_t deadline);

/* ---- warnings.c ---------------------------------------------------------- */

#define WARNINGS_MAX 4

/* What takes objects away from their users here; the caller frees each. */
size_t warnings_find(char *warnings[WARNINGS_MAX]);

/* ---- posix.c: POSIX objects of Qt programs, which svshm does not touch ---- */

struct qt_posix {
	bool known; /* this system shows them */
	const char *directory;
	size_t count;
	uint64_t bytes;
};

void qt_posix_find(struct qt_posix *found);

/* Two lines for people, if there are any; a member for JSON. */
void qt_posix_tell(const struct qt_posix *found);
void qt_posix_json(const struct qt_posix *found);

/* ---- terminal.c: for svshm top ------------------------------------------- */

enum terminal_key {
	KEY_NONE = 256, /* the time has passed, or a signal came */
	KEY_UP,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_END_OF_INPUT
};

/*
 * Take the terminal: 0, or -1 after a message. Until terminal_leave(), signals
 * that end the command are noted as by signals_catch(), in terminal_key() only.
 */
int terminal_enter(void);
void terminal_leave(void);

void terminal_size(int *lines, int *columns);

/* A key (a byte or one of the above), waiting so long at most. */
int terminal_key(int64_t timeout_ms);

/* ---- mappers.c: who has a segment mapped --------------------------------- */

struct mapper {
	pid_t pid;
	pid_t parent, group, session; /* 0: not known */
	pid_t parent_session;
	uid_t uid;
	int64_t start_time; /* 0: not known */
	bool writable;
	char command[64];
	char *command_line; /* NULL: not known; of mappers_find() only */
};

struct mappers {
	bool known;        /* this system can tell */
	size_t count;
	struct mapper *list;
	size_t unreadable; /* processes that the caller may not look into */
};

void mappers_find(struct mappers *mappers, int segment_id);
void mappers_free(struct mappers *mappers);

/* A process of this pid: its user, start and command; false: none that still
   does anything, or not to be known. */
bool mapper_look(struct mapper *mapper, pid_t pid);

/* ---- who.c: who has an object, and what its maker has to do with them ----- */

enum maker { MAKER_UNKNOWN, MAKER_ALIVE, MAKER_DEAD };

/* What a process that has a segment mapped is to the one that made it. */
enum relation {
	RELATION_NONE,    /* or it can't be told */
	RELATION_MAKER,
	RELATION_CHILD,   /* of the living maker */
	RELATION_ORPHAN,  /* the dead maker's child */
	RELATION_ADOPTED  /* somebody's who has died: perhaps the maker's */
};

struct who {
	enum maker maker;
	pid_t maker_pid;
	struct mappers mappers;
	enum relation *relations; /* one for each of them */
};

void who_find(struct who *who, const struct svshm_object *object);
void who_print(const struct who *who);
void who_json(const struct who *who);
void who_free(struct who *who);

#endif
