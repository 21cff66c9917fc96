// SPDX-License-Identifier: BSD-2-Clause
#include <QtCore/QSharedMemory>
#include <QtCore/QSystemSemaphore>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>

static void count()
{
	QSharedMemory memory(QStringLiteral("counter"));
	QSystemSemaphore mutex(QStringLiteral("counter"), 1);
	if (!memory.attach())
		qFatal("%s", qPrintable(memory.errorString()));
	for (int i = 0; i < 1000; i++) {
		if (!mutex.acquire()) // or memory.lock()
			qFatal("%s", qPrintable(mutex.errorString()));
		++*static_cast<long *>(memory.data());
		mutex.release();
	}
}

int main()
{
	QSystemSemaphore mutex(QStringLiteral("counter"), 1,
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
	while (wait(nullptr) > 0)
		;
	std::printf("%ld\n", *static_cast<long *>(memory.data()));
}
