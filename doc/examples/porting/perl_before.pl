# SPDX-License-Identifier: BSD-2-Clause
use strict;
use warnings;
use IPC::SysV qw(ftok IPC_CREAT IPC_EXCL IPC_RMID SEM_UNDO);

my $key = ftok($0, ord 'c');
my $set = semget($key, 1, IPC_CREAT | IPC_EXCL | 0600)
	// die "semget: $!";
my $id = shmget($key, 8, IPC_CREAT | IPC_EXCL | 0600)
	// die "shmget: $!";

sub change {
	my ($by, $flags) = @_;
	semop($set, pack('s3', 0, $by, $flags)) or die "semop: $!";
}

sub number { # of eight bytes of zeros to begin with
	shmread($id, my $bytes, 0, 8) or die "shmread: $!";
	return unpack('q', $bytes);
}

change(1, 0);
for (1 .. 4) {
	next if fork // die "fork: $!";
	for (1 .. 25) {
		change(-1, SEM_UNDO);
		shmwrite($id, pack('q', number() + 1), 0, 8) or die $!;
		change(1, SEM_UNDO);
	}
	exit 0;
}
1 while wait > 0;
print number(), "\n";
shmctl($id, IPC_RMID, 0);
semctl($set, 0, IPC_RMID, 0);
