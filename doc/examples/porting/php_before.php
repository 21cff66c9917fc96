<?php // SPDX-License-Identifier: BSD-2-Clause
$key = ftok(__FILE__, 'c');
$mutex = sem_get($key);
$memory = shm_attach($key, 1024);
if (!$mutex || !$memory)
	exit(1);
shm_put_var($memory, 1, 0); // whatever a crash has left
for ($i = 0; $i < 4; $i++)
	if (pcntl_fork() === 0) {
		for ($j = 0; $j < 1000; $j++) {
			sem_acquire($mutex);
			$number = shm_get_var($memory, 1);
			shm_put_var($memory, 1, $number + 1);
			sem_release($mutex);
		}
		exit(0);
	}
while (pcntl_wait($status) > 0)
	;
echo shm_get_var($memory, 1), "\n";
shm_remove($memory); // whoever else may have it
sem_remove($mutex);
