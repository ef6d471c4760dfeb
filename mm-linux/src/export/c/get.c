
/* FOLL_GET: a pipe holds the pages. */

static int pipes[HANDLES][2], transfer[2];

static UNUSED void open_pipes(void)
{
	int i;

	for (i = 0; i < HANDLES; i++)
		if (pipe2(pipes[i], O_NONBLOCK))
			exit(1);
}

static UNUSED long get(int handle, char *address, unsigned long pages)
{
	struct iovec iovec = { address, pages * PAGE_SIZE };
	long bytes;

	if (shared->pages[handle])
		return -EBUSY;
	if (!pages)
		return 0;
	bytes = vmsplice(pipes[handle][1], &iovec, 1, SPLICE_F_NONBLOCK);
	if (bytes < 0)
		return -errno;
	shared->registered[handle] = NULL;
	shared->pages[handle] = bytes / PAGE_SIZE;
	return shared->pages[handle];
}

static UNUSED void put_pipe(int handle)
{
	char page[PAGE_SIZE];

	while (read(pipes[handle][0], page, PAGE_SIZE) > 0)
		;
}

static UNUSED long read_pipe(int handle, unsigned long index)
{
	char page[PAGE_SIZE];
	unsigned long i;

	if (tee(pipes[handle][0], transfer[1], (index + 1) * PAGE_SIZE, SPLICE_F_NONBLOCK) < 0)
		return -errno;
	for (i = 0; i <= index; i++)
		if (read(transfer[0], page, PAGE_SIZE) != PAGE_SIZE)
			return -EIO;
	return content(page);
}
