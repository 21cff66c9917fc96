// SPDX-License-Identifier: BSD-2-Clause
//
// For bench_object: a program of Qt's that measures the real QSharedMemory when
// it is told to on standard input; worker.c has the orders and the answers. It is
// written in the C++ that Qt 5 asks for, and no more of Qt than QtCore.
#include <QtCore/QElapsedTimer>
#include <QtCore/QSharedMemory>
#include <QtCore/QString>

#include <cstdio>
#include <cstdlib>
#include <cstring>

static const int size = 65536;
static QSharedMemory *held;

static void need(const QSharedMemory &memory, bool done)
{
	if (done)
		return;
	std::fprintf(stderr, "QSharedMemory: %s\n",
		     qPrintable(memory.errorString()));
	std::exit(1);
}

static void once(const QString &key, bool create)
{
	QSharedMemory memory(key);

	need(memory, create ? memory.create(size) : memory.attach());
	need(memory, memory.detach());
}

static void measure(const QString &key, bool create, int milliseconds)
{
	QElapsedTimer timer;
	long count = 0;
	qint64 nanoseconds;

	once(key, create);
	timer.start();
	do {
		once(key, create);
		count++;
		nanoseconds = timer.nsecsElapsed();
	} while (nanoseconds < milliseconds * qint64(1000000));
	std::printf("%ld %.3f\n", count, double(nanoseconds) / 1e3);
}

static void obey(const char *verb, const QString &key, int milliseconds)
{
	if (std::strcmp(verb, "hold") == 0) {
		held = new QSharedMemory(key);
		need(*held, held->create(size));
		std::puts("ok");
	} else if (std::strcmp(verb, "go") == 0) {
		delete held;
		held = nullptr;
		std::puts("ok");
	} else {
		measure(key, std::strcmp(verb, "create") == 0, milliseconds);
	}
}

int main()
{
	char line[256];

	std::printf("Qt %s\n", qVersion());
	std::fflush(stdout);
	while (std::fgets(line, sizeof(line), stdin)) {
		char verb[16] = "", key[128] = "";
		int milliseconds = 0;

		std::sscanf(line, "%15s %127s %d", verb, key, &milliseconds);
		if (std::strcmp(verb, "end") == 0)
			break;
		obey(verb, QString::fromUtf8(key), milliseconds);
		std::fflush(stdout);
	}
	return 0;
}
