// SPDX-License-Identifier: BSD-2-Clause
//
// A program of Qt's with one QSharedMemory, which does what it is told on
// standard input, a line at a time, and answers each line with one line: what
// Qt's function returned, and for a failed one the error's number. It is
// written in the C++ that Qt 5 asks for, and no more of Qt than QtCore.
#include <QtCore/QByteArray>
#include <QtCore/QSharedMemory>
#include <QtCore/QString>
#include <QtCore/QtGlobal>

#include <cstdio>
#include <cstdlib>
#include <cstring>

static QSharedMemory *memory = new QSharedMemory;

static void answer(bool done)
{
	if (done)
		std::puts("ok");
	else
		std::printf("error %d\n", int(memory->error()));
}

// Keys come in hexadecimal digits of their UTF-8 bytes: any character goes.
static QString text(const char *digits)
{
	return QString::fromUtf8(QByteArray::fromHex(digits));
}

static QSharedMemory::AccessMode mode(const char *word)
{
	return std::strcmp(word, "ro") == 0 ? QSharedMemory::ReadOnly :
					      QSharedMemory::ReadWrite;
}

// COUNT times: lock, add one to the first long, unlock. Between reading and
// writing others get time to interfere, if the lock lets them.
static bool add(long count)
{
	volatile long *number = static_cast<volatile long *>(memory->data());

	for (long i = 0; i < count; i++) {
		if (!memory->lock())
			return false;
		long value = *number;
		for (volatile int pause = 0; pause < 100; pause = pause + 1)
			;
		*number = value + 1;
		if (!memory->unlock())
			return false;
	}
	return true;
}

static void fill(const char *byte)
{
	std::memset(memory->data(), std::atoi(byte), size_t(memory->size()));
	std::puts("ok");
}

// Whether all bytes are BYTE.
static void filled(const char *byte)
{
	const char *data = static_cast<const char *>(memory->constData());
	bool all = true;

	for (long i = 0; i < long(memory->size()); i++)
		all = all && data[i] == char(std::atoi(byte));
	std::puts(all ? "yes" : "no");
}

// A QNativeIpcKey from and to its text; "no" from a Qt that has none.
#if QT_VERSION >= QT_VERSION_CHECK(6, 6, 0)
static void set_key_of_text(const char *digits)
{
	memory->setNativeKey(QNativeIpcKey::fromString(text(digits)));
	std::puts("ok");
}

static void print_text()
{
	std::puts(qPrintable(memory->nativeIpcKey().toString()));
}
#else
static void set_key_of_text(const char *)
{
	std::puts("no");
}

static void print_text()
{
	std::puts("no");
}
#endif

// Some verbs have one argument, create has two.
static void obey(const char *verb, const char *first, const char *second)
{
	const struct {
		const char *verb;
		int number;
	} verbs[] = {
		{ "key", 0 },	 { "native", 1 }, { "create", 2 },
		{ "attach", 3 }, { "detach", 4 }, { "lock", 5 },
		{ "unlock", 6 }, { "size", 7 },	  { "path", 8 },
		{ "add", 9 },	 { "fill", 10 },  { "filled", 11 },
		{ "renew", 12 }, { "ipckey", 13 }, { "text", 14 },
	};
	int number = -1;

	for (const auto &known : verbs)
		if (std::strcmp(known.verb, verb) == 0)
			number = known.number;
	switch (number) {
	case 0: memory->setKey(text(first)); std::puts("ok"); break;
	case 1: memory->setNativeKey(text(first)); std::puts("ok"); break;
	case 2: answer(memory->create(std::atoi(first), mode(second))); break;
	case 3: answer(memory->attach(mode(first))); break;
	case 4: answer(memory->detach()); break;
	case 5: answer(memory->lock()); break;
	case 6: answer(memory->unlock()); break;
	case 7: std::printf("%ld\n", long(memory->size())); break;
	case 8: std::puts(qPrintable(memory->nativeKey())); break;
	case 9: answer(add(std::atol(first))); break;
	case 10: fill(first); break;
	case 11: filled(first); break;
	// The destructor, and a new object without a key.
	case 12: delete memory; memory = new QSharedMemory; std::puts("ok");
		break;
	case 13: set_key_of_text(first); break;
	case 14: print_text(); break;
	default: std::puts("what?");
	}
}

int main()
{
	char line[4096];

	std::printf("%s\n", qVersion());
	std::fflush(stdout);
	while (std::fgets(line, sizeof(line), stdin)) {
		char verb[16] = "", first[2048] = "", second[16] = "";

		std::sscanf(line, "%15s %2047s %15s", verb, first, second);
		if (std::strcmp(verb, "quit") == 0)
			break;
		obey(verb, first, second);
		std::fflush(stdout);
	}
	delete memory;
	return 0;
}
