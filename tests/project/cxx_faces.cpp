// SPDX-License-Identifier: BSD-2-Clause
//
// One source for Qt's QSharedMemory and for that of doc/examples: what it prints
// must be the same.
//
//   cxx_faces KEY          all that one program sees, a line for each call
//   cxx_faces KEY hold     makes an object, and waits for the end of its input
//   cxx_faces KEY look     what it sees of such an object
//   cxx_faces KEY dead     without Qt: what is left of one that died
#ifdef WITH_QT
#include <QtCore/QSharedMemory>
#include <QtCore/QString>
#else
#include "qsharedmemory.hpp"
#endif

#include <cstdio>
#include <cstring>

#define TELL(call) tell(#call, static_cast<long>(call), memory)

static void tell(const char *call, long value, const QSharedMemory &memory)
{
	std::printf("%s: %ld, error %d, attached %d, size %ld\n", call, value,
		    static_cast<int>(memory.error()),
		    static_cast<int>(memory.isAttached()),
		    static_cast<long>(memory.size()));
}

// Without a key, and without an object.
static void nothing(const char *key)
{
	QSharedMemory memory;

	TELL(memory.create(10));
	TELL(memory.attach());
	TELL(memory.detach());
	TELL(memory.unlock());
	TELL(memory.lock());
	TELL(memory.data() == nullptr);
	TELL(memory.key() == "");
	TELL(memory.nativeKey() == "");
	memory.setKey(key);
	TELL(memory.key() == key);
	TELL(memory.nativeKey() == "");
	TELL(memory.attach(QSharedMemory::ReadOnly));
	TELL(memory.create(0));
	TELL(memory.create(-1));
}

static void lock(QSharedMemory &memory)
{
	TELL(memory.unlock());
	TELL(memory.lock());
	TELL(memory.lock());
	TELL(memory.unlock());
	TELL(memory.unlock());
}

static void object(const char *key)
{
	QSharedMemory memory(key), other;

	TELL(memory.create(1000));
	TELL(memory.error() == QSharedMemory::NoError);
	TELL(memory.constData() == memory.data());
	lock(memory);
	std::strcpy(static_cast<char *>(memory.data()), "some text");
	other.setKey(memory.key());
	TELL(other.nativeKey() == memory.nativeKey());
	tell("other create", other.create(1000), other);
	tell("other attach", other.attach(QSharedMemory::ReadOnly), other);
	tell("other attach again", other.attach(), other);
	const QSharedMemory &constant = other;
	TELL(std::strcmp(static_cast<const char *>(constant.data()),
			 "some text"));
	TELL(memory.detach());
	TELL(memory.detach());
	tell("other detach", other.detach(), other);
	TELL(memory.attach());
	TELL(memory.create(1000));
	TELL(memory.create(1, QSharedMemory::ReadOnly));
	memory.setKey("another");
	TELL(memory.isAttached());
	TELL(memory.key() == "another");
}

// The lock is given back by detach, and by the destructor.
static void given_back(const char *key)
{
	QSharedMemory other(key);

	{
		QSharedMemory memory(key);

		TELL(memory.create(1));
		tell("other attach", other.attach(), other);
		TELL(memory.lock());
		TELL(memory.detach());
		TELL(memory.attach());
		lock(other);
		TELL(memory.lock());
		TELL(memory.unlock());
	}
	lock(other);
}

// What goes wrong with a native key keeps nothing of the key of before.
static void native(const char *key)
{
	QSharedMemory memory(key);

	memory.setNativeKey("");
	TELL(memory.key() == "");
	TELL(memory.nativeKey() == "");
	TELL(memory.attach());
}

static int hold(const char *key)
{
	QSharedMemory memory(key);

	TELL(memory.create(4321));
	std::strcpy(static_cast<char *>(memory.data()), "held");
	TELL(memory.lock());
	TELL(memory.unlock());
	std::puts("ready");
	std::fflush(stdout);
	while (std::getchar() != EOF)
		;
	std::puts(static_cast<const char *>(memory.constData()));
	return 0;
}

static int look(const char *key)
{
	QSharedMemory memory(key);

	TELL(memory.create(1));
	TELL(memory.attach());
	if (!memory.isAttached())
		return 1;
	TELL(memory.lock());
	std::puts(static_cast<const char *>(memory.constData()));
	std::strcpy(static_cast<char *>(memory.data()), "seen");
	TELL(memory.unlock());
	TELL(memory.detach());
	return 0;
}

#ifndef WITH_QT
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *key)
{
	const pid_t child = fork();

	if (child == 0) {
		QSharedMemory memory(key);

		memory.create(100);
		memory.lock();
		_exit(0);
	}
	waitpid(child, nullptr, 0);
}

// Leftovers are in nobody's way; only objects of svshm's own know who died.
static int dead(const char *key)
{
	QSharedMemory memory(key);

	die(key);
	TELL(memory.attach());
	TELL(memory.lock());
	TELL(memory.ownerDied());
	TELL(memory.detach());
	die(key);
	TELL(memory.create(10));
	TELL(memory.lock());
	TELL(memory.ownerDied());
	TELL(*memory.errorString().c_str());
	TELL(memory.attach());
	TELL(memory.detach());
	memory.setNativeKey("/does/not/exist");
	TELL(memory.attach());
	TELL(*memory.errorString().c_str() != 0);
	return 0;
}
#else
static int dead(const char *)
{
	return 1;
}
#endif

int main(int argc, char **argv)
{
	if (argc == 3)
		return *argv[2] == 'h' ? hold(argv[1]) :
		       *argv[2] == 'l' ? look(argv[1]) :
					 dead(argv[1]);
	nothing(argv[1]);
	object(argv[1]);
	given_back(argv[1]);
	native(argv[1]);
	return 0;
}
