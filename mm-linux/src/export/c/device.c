
/* What is done with handles, whatever holds their pages. */

static UNUSED long put(int handle)
{
	if (!shared->pages[handle])
		return -EBADF;
	shared->pages[handle] = 0;
	if (shared->registered[handle])
		update(handle, NULL, 0);
	else
		put_pipe(handle);
	return 0;
}

static UNUSED long dma_read(int handle, long index)
{
	if (!shared->pages[handle])
		return -EBADF;
	if (index >= shared->pages[handle])
		return -EINVAL;
	return shared->registered[handle] ? read_buffer(handle, index) : read_pipe(handle, index);
}

static UNUSED long dma_write(int handle, long index, int label)
{
	if (!shared->pages[handle])
		return -EBADF;
	if (index >= shared->pages[handle])
		return -EINVAL;
	return shared->registered[handle] ? write_buffer(handle, index, label) : -EACCES;
}

static void open_devices(void)
{
	if (pipe2(transfer, O_NONBLOCK))
		exit(1);
	open_pipes();
	open_ring();
}
