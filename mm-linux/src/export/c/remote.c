
/* The kernel's own accesses to another process. */

static long mem(int process, char *page, char *copy, int write)
{
	char path[64];
	long moved;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", shared->pid[process]);
	fd = open(path, O_RDWR);
	if (write)
		moved = pwrite(fd, copy, PAGE_SIZE, (off_t)page);
	else
		moved = pread(fd, copy, PAGE_SIZE, (off_t)page);
	close(fd);
	/* The file does not pass on which error it was. */
	return moved == PAGE_SIZE ? 0 : -EFAULT;
}

static long vm(int process, char *page, char *copy, int write)
{
	struct iovec local = { copy, PAGE_SIZE }, remote = { page, PAGE_SIZE };
	long moved;

	if (write)
		moved = process_vm_writev(shared->pid[process], &local, 1, &remote, 1, 0);
	else
		moved = process_vm_readv(shared->pid[process], &local, 1, &remote, 1, 0);
	return moved == PAGE_SIZE ? 0 : -errno;
}

static UNUSED long peek(int process, char *page)
{
	char copy[PAGE_SIZE];
	long failed = mem(process, page, copy, 0);

	return failed ? failed : content(copy);
}

static UNUSED long poke(int process, char *page, int label)
{
	char copy[PAGE_SIZE];

	memset(copy, label, PAGE_SIZE);
	return mem(process, page, copy, 1);
}

static UNUSED long vm_read(int process, char *page)
{
	char copy[PAGE_SIZE];
	long failed = vm(process, page, copy, 0);

	return failed ? failed : content(copy);
}

static UNUSED long vm_write(int process, char *page, int label)
{
	char copy[PAGE_SIZE];

	memset(copy, label, PAGE_SIZE);
	return vm(process, page, copy, 1);
}
