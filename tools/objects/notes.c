/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stddef.h>

#include "common/text.h"
#include "objects/notes.h"
#include "output/json.h"

static const struct {
	unsigned bit;
	const char *word; /* for JSON */
	const char *text; /* for people */
} notes[] = {
	{ SVSHM_NOTE_KEY_FILE_GONE, "key-file-gone", "its key file is gone" },
	{ SVSHM_NOTE_KEY_FILE_REPLACED, "key-file-replaced",
	  "its key file was lost: there is another file now" },
	{ SVSHM_NOTE_COLLISION, "collision",
	  "it has a spare IPC key, as its first one was taken" },
	{ SVSHM_NOTE_SET_GONE, "set-gone",
	  "somebody has removed its semaphore set" },
	{ SVSHM_NOTE_RETIRED, "retired",
	  "emptied by its last user, who was not permitted to remove it" },
	{ SVSHM_NOTE_LOCK_SHARED, "lock-shared",
	  "another key has the same lock" },
};

#define NOTE_COUNT (sizeof(notes) / sizeof(*notes))

char *notes_text(const struct svshm_object *object)
{
	char *all = NULL;

	for (size_t i = 0; i < NOTE_COUNT; i++)
		if (object->notes & notes[i].bit)
			all = text_join(all, "; ",
					text_print("%s", notes[i].text));
	return all;
}

void notes_json(const struct svshm_object *object)
{
	json_open("notes", '[');
	for (size_t i = 0; i < NOTE_COUNT; i++)
		if (object->notes & notes[i].bit)
			json_text(NULL, notes[i].word);
	json_close(']');
}
