
/* Folio sizes are a setting of the whole system: one at a time may change them, and puts them back. */

#include <sys/file.h>

#define THP "/sys/kernel/mm/transparent_hugepage/"
#define SIZE THP "hugepages-%dkB/enabled"

static char saved_sizes[10][16];

static int size_file(int order, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), SIZE, 4 << order);
	return open(path, flags);
}

static void set_size(int order, const char *text)
{
	int fd = size_file(order, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		skip("folio sizes cannot be set");
	close(fd);
}

static UNUSED long set_sizes(unsigned int always, unsigned int madvise)
{
	int order;

	for (order = 2; order <= 9; order++)
		set_size(order, always >> order & 1    ? "always"
				: madvise >> order & 1 ? "madvise"
						       : "never");
	return 0;
}

static void save_sizes(void)
{
	char text[64];
	int order, fd = open(THP "enabled", O_RDONLY);

	if (fd < 0 || flock(fd, LOCK_EX))
		skip("folio sizes cannot be locked");
	for (order = 2; order <= 9; order++) {
		char *start, *end;

		fd = size_file(order, O_RDONLY);
		memset(text, 0, sizeof(text));
		if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
			skip("folio sizes cannot be read");
		close(fd);
		start = strchr(text, '[');
		end = start ? strchr(start, ']') : NULL;
		if (!end)
			skip("folio sizes are not understood");
		*end = 0;
		snprintf(saved_sizes[order], sizeof(saved_sizes[order]), "%s", start + 1);
	}
	set_sizes(0, 0);
}

static void restore_sizes(void)
{
	int order;

	for (order = 2; order <= 9; order++)
		if (saved_sizes[order][0])
			set_size(order, saved_sizes[order]);
}
