<?php // SPDX-License-Identifier: BSD-2-Clause
$svshm = FFI::cdef('
	struct svshm;
	struct svshm *svshm_new(const char *key);
	void svshm_free(struct svshm *handle);
	int svshm_create(struct svshm *handle, size_t size, int access);
	int svshm_lock(struct svshm *handle);
	int svshm_unlock(struct svshm *handle);
	int svshm_make_consistent(struct svshm *handle);
	void *svshm_data(struct svshm *handle);
	const char *svshm_error_string(const struct svshm *handle);
', 'libsvshm.so.0');
const DIED = 1, ORPHANED = 2, READ_WRITE = 1; // as in svshm.h
$handle = $svshm->svshm_new('counter');

function must(int $code): int
{
	global $svshm, $handle;
	if ($code < 0) {
		error_log($svshm->svshm_error_string($handle));
		exit(1);
	}
	return $code;
}

if (must($svshm->svshm_create($handle, 8, READ_WRITE)) === ORPHANED)
	error_log('replaces what a crash has left');
$number = $svshm->cast('int64_t *', $svshm->svshm_data($handle));
for ($i = 0; $i < 4; $i++)
	if (pcntl_fork() === 0) {
		for ($j = 0; $j < 1000; $j++) {
			if (must($svshm->svshm_lock($handle)) === DIED)
				$svshm->svshm_make_consistent($handle);
			$number[0] = $number[0] + 1;
			must($svshm->svshm_unlock($handle));
		}
		exit(0);
	}
while (pcntl_wait($status) > 0)
	;
echo $number[0], "\n";
$svshm->svshm_free($handle); // the last one: nothing is left
