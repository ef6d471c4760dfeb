
/* Each process has a context of its own, made when it first needs one. Faults end in SIGBUS. */

#include <sys/ioctl.h>

#define UFFD_API 0xc018aa3fUL
#define UFFD_REGISTER 0xc020aa00UL
#define UFFD_UNREGISTER 0x8010aa01UL
#define UFFD_COPY 0xc028aa03UL
#define UFFD_ZEROPAGE 0xc020aa04UL
#define UFFD_MOVE 0xc028aa05UL
#define UFFD_WRITEPROTECT 0xc018aa06UL
#define UFFD_POISON 0xc020aa08UL
#define UFFD_SIGBUS (1UL << 7)

typedef unsigned long uffd_words[5];

static long uffd_context(void)
{
	static int owner = CONTROLLER;
	static int fd = -1;
	uffd_words api = { 0xaa, UFFD_FEATURES | UFFD_SIGBUS };

	/* What a parent had is for its memory only. */
	if (fd >= 0 && owner == me)
		return fd;
	owner = me;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1 /* UFFD_USER_MODE_ONLY */);
	if (fd < 0)
		return -errno;
	return ioctl(fd, UFFD_API, api) ? -errno : fd;
}

static UNUSED long uffd_call(unsigned long request, uffd_words words)
{
	long fd = uffd_context();

	if (fd < 0)
		return fd;
	return ioctl(fd, request, words) ? -errno : 0;
}

static UNUSED long uffd_range(unsigned long request, char *start, unsigned long bytes, unsigned long mode)
{
	uffd_words words = { (unsigned long)start, bytes, mode };

	return uffd_call(request, words);
}

static UNUSED long uffd_copy(char *to, int label, unsigned long mode)
{
	static char page[PAGE_SIZE];
	uffd_words words = { (unsigned long)to, (unsigned long)page, PAGE_SIZE, mode };

	memset(page, label, PAGE_SIZE);
	return uffd_call(UFFD_COPY, words);
}

/* A call that ended early says EAGAIN, and how far it came. */
static UNUSED long uffd_move(char *to, char *from, unsigned long bytes, unsigned long mode)
{
	uffd_words words = { (unsigned long)to, (unsigned long)from, bytes, mode };
	long result = uffd_call(UFFD_MOVE, words), moved = words[4];

	if ((result == 0 || result == -EAGAIN) && moved > 0)
		return moved / (long)PAGE_SIZE;
	return result;
}
