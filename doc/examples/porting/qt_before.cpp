// SPDX-License-Identifier: BSD-2-Clause
#include <QtCore/QSharedMemory>
#include <QtCore/QtGlobal>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>

static void count()
{
	QSharedMemory memory(QStringLiteral("counter"));
	if (!memory.attach())
		qFatal("%s", qPrintable(memory.errorString()));
	for (int i = 0; i < 1000; i++) {
		if (!memory.lock())
			qFatal("%s", qPrintable(memory.errorString()));
		++*static_cast<long *>(memory.data());
		memory.unlock();
	}
}

int main()
{
	QSharedMemory memory(QStringLiteral("counter"));
	memory.attach(); // what a crash has left goes with the last detach
	memory.detach();
	if (!memory.create(sizeof(long)))
		qFatal("%s", qPrintable(memory.errorString()));
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			count();
			_exit(0);
		}
	while (wait(nullptr) > 0)
		;
	std::printf("%ld\n", *static_cast<const long *>(memory.constData()));
	return 0;
}
