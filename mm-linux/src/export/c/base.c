/*
 * Every simulated process runs through the whole program; a shared counter tells whose turn it is.
 * The controller is the parent of all of them, does what the kernel does on a process's behalf from
 * outside, and prints the results.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))
#define PAGE_SIZE 4096UL
/* Far from everything that a loader or the kernel places. */
#define PAGE(n) ((char *)(1UL << 45) + (n) * PAGE_SIZE)
/* Where no address space reaches. */
#define BEYOND ((char *)(1UL << 60))

#define CONTROLLER (-1)
#define PROCS 4
#define HANDLES 16
#define SIGNAL(number) (-1000L - (number))
#define TORN 255L
#define ANY LONG_MAX

static struct shared {
	volatile int turn;
	volatile int alive[PROCS];
	volatile pid_t pid[PROCS];
	volatile long got[STEPS + 1];
	/* Handles, by number: pages held, and the address they were registered at. */
	volatile long pages[HANDLES];
	char *volatile registered[HANDLES];
} *shared;
static int me = CONTROLLER;

/* Waits for a step; whether it is ours. What a dead process should do fails with ESRCH. */
static UNUSED int turn(int step, int who, int subject)
{
	while (shared->turn < step)
		sched_yield();
	if (me == CONTROLLER && subject != CONTROLLER && !shared->alive[subject]) {
		shared->got[step] = -ESRCH;
		shared->turn = step + 1;
		return 0;
	}
	return me == who;
}

static UNUSED void done(int step, long got)
{
	shared->got[step] = got;
	shared->turn = step + 1;
}

static UNUSED long result(long returned)
{
	return returned < 0 ? -errno : 0;
}

/* Loads and stores: a signal is a result. A page holds one byte over and over. */

static sigjmp_buf escape;

static void on_fault(int signal)
{
	siglongjmp(escape, signal);
}

static UNUSED long content(const char *page)
{
	unsigned long i;

	for (i = 1; i < PAGE_SIZE; i++)
		if (page[i] != page[0])
			return TORN;
	return (unsigned char)page[0];
}

static UNUSED long load(char *page)
{
	char copy[PAGE_SIZE];
	int signal = sigsetjmp(escape, 1);

	if (signal)
		return SIGNAL(signal);
	memcpy(copy, page, PAGE_SIZE);
	return content(copy);
}

static UNUSED long store(char *page, int label)
{
	int signal = sigsetjmp(escape, 1);

	if (signal)
		return SIGNAL(signal);
	memset(page, label, PAGE_SIZE);
	return 0;
}

static UNUSED long map(char *address, unsigned long pages, int prot, int kind)
{
	int flags = kind | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

	return mmap(address, pages * PAGE_SIZE, prot, flags, -1, 0) == MAP_FAILED ? -errno : 0;
}

/* The new process is the controller's child, too, so that the controller can wait for it. */
static UNUSED long copy_process(int step, int child, int most)
{
	long pid;

	if (child >= most)
		return -EAGAIN;
	if (shared->alive[child])
		return -EEXIST;
	pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		me = child;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		while (shared->turn == step)
			sched_yield();
		return 0;
	}
	shared->pid[child] = pid;
	shared->alive[child] = 1;
	return 0;
}

static UNUSED void leave(int step)
{
	shared->got[step] = 0;
	_exit(0);
}

/* The controller waits until the memory of an exited process is gone. */
static UNUSED void bury(int step, int process)
{
	while (shared->turn < step)
		sched_yield();
	if (me != CONTROLLER || !shared->alive[process])
		return;
	waitpid(shared->pid[process], NULL, 0);
	shared->alive[process] = 0;
	shared->turn = step + 1;
}
