
/* FOLL_PIN and FOLL_LONGTERM: a registered buffer of an io_uring holds the pages. */

#include <linux/io_uring.h>

static int ring_fd;
static struct io_uring_params ring;
static char *sq, *cq;
static struct io_uring_sqe *sqes;

static void open_ring(void)
{
	struct io_uring_rsrc_register sparse = { .nr = HANDLES, .flags = IORING_RSRC_REGISTER_SPARSE };
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;

	ring_fd = syscall(SYS_io_uring_setup, 2, &ring);
	if (ring_fd < 0 || syscall(SYS_io_uring_register, ring_fd, IORING_REGISTER_BUFFERS2, &sparse,
				   sizeof(sparse)))
		skip("io_uring is refused");
	sq = mmap(NULL, ring.sq_off.array + ring.sq_entries * 4, prot, flags, ring_fd,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, ring.cq_off.cqes + ring.cq_entries * 16, prot, flags, ring_fd,
		  IORING_OFF_CQ_RING);
	sqes = mmap(NULL, ring.sq_entries * sizeof(*sqes), prot, flags, ring_fd, IORING_OFF_SQES);
}

static long update(int handle, char *address, unsigned long pages)
{
	struct iovec iovec = { address, pages * PAGE_SIZE };
	struct io_uring_rsrc_update2 update = {
		.offset = handle, .data = (unsigned long)&iovec, .nr = 1,
	};

	if (syscall(SYS_io_uring_register, ring_fd, IORING_REGISTER_BUFFERS_UPDATE, &update,
		    sizeof(update)) < 0)
		return -errno;
	return pages;
}

/* Registering keeps all pages or none: where it fails, fewer are what GUP itself had grabbed. */
static UNUSED long pin(int handle, char *address, unsigned long pages)
{
	long got = 0;

	if (shared->pages[handle])
		return -EBUSY;
	for (; pages; pages--) {
		got = update(handle, address, pages);
		if (got > 0)
			break;
	}
	if (got > 0) {
		shared->registered[handle] = address;
		shared->pages[handle] = got;
	}
	return got;
}

/* Moves one page between a buffer and the transfer pipe. */
static long move_page(int handle, unsigned long index, int opcode, int fd)
{
	unsigned int *tail = (unsigned int *)(sq + ring.sq_off.tail);
	unsigned int *head = (unsigned int *)(cq + ring.cq_off.head);
	unsigned int *array = (unsigned int *)(sq + ring.sq_off.array);
	unsigned int mask = *(unsigned int *)(sq + ring.sq_off.ring_mask), slot = *tail & mask;
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(cq + ring.cq_off.cqes);

	memset(&sqes[slot], 0, sizeof(*sqes));
	sqes[slot].opcode = opcode;
	sqes[slot].fd = fd;
	sqes[slot].addr = (unsigned long)shared->registered[handle] + index * PAGE_SIZE;
	sqes[slot].len = PAGE_SIZE;
	sqes[slot].buf_index = handle;
	array[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring_fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	mask = *(unsigned int *)(cq + ring.cq_off.ring_mask);
	slot = *head & mask;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return cqes[slot].res == PAGE_SIZE ? 0 : -EIO;
}

static UNUSED long read_buffer(int handle, unsigned long index)
{
	char page[PAGE_SIZE];
	long moved = move_page(handle, index, IORING_OP_WRITE_FIXED, transfer[1]);

	if (!moved && read(transfer[0], page, PAGE_SIZE) == PAGE_SIZE)
		return content(page);
	return -EIO;
}

static UNUSED long write_buffer(int handle, unsigned long index, int label)
{
	char page[PAGE_SIZE];

	memset(page, label, PAGE_SIZE);
	if (write(transfer[1], page, PAGE_SIZE) != PAGE_SIZE)
		return -EIO;
	return move_page(handle, index, IORING_OP_READ_FIXED, transfer[0]);
}
