// SPDX-License-Identifier: BSD-2-Clause
#include <QtCore/QSharedMemory>
#include <QtCore/QSystemSemaphore>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>

static void count()
{
	QSharedMemory memory(QStringLiteral("counter"));
	QSystemSemaphore done(QStringLiteral("done"));
	if (!memory.attach())
		qFatal("%s", qPrintable(memory.errorString()));
	for (int i = 0; i < 1000; i++) {
		if (!memory.lock())
			qFatal("%s", qPrintable(memory.errorString()));
		++*static_cast<long *>(memory.data());
		memory.unlock();
	}
	done.release();
}

int main()
{
	QSystemSemaphore done(QStringLiteral("done"), 0,
			      QSystemSemaphore::Create);
	QSharedMemory memory(QStringLiteral("counter"));
	if (memory.attach()) // to what a crash has left: the last detach
		memory.detach(); // removes it
	if (!memory.create(sizeof(long)))
		qFatal("%s", qPrintable(memory.errorString()));
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			count();
			_exit(0);
		}
	for (int i = 0; i < 4; i++)
		done.acquire();
	memory.lock();
	std::printf("%ld\n", *static_cast<long *>(memory.data()));
	memory.unlock();
	while (wait(nullptr) > 0)
		;
	return 0;
}
