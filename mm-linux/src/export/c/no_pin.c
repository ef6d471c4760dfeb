
/* No page is pinned in this program. */

static UNUSED void open_ring(void) {}
static UNUSED long update(int handle UNUSED, char *address UNUSED, unsigned long pages UNUSED)
{
	return 0;
}
static UNUSED long read_buffer(int handle UNUSED, unsigned long index UNUSED)
{
	return -EBADF;
}
static UNUSED long write_buffer(int handle UNUSED, unsigned long index UNUSED, int label UNUSED)
{
	return -EBADF;
}
