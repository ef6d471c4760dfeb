
/* A program's address space has ends of its own: where the kernel would choose a place, this does. */

#define TOO_LONG (1UL << 60)
/* Nothing can grow to this length: libraries and the stack are in the way. */
#define NO_ROOM ((1UL << 47) - (1UL << 45))

static long remap_to(char *from, unsigned long old, char *to, unsigned long new, int flags)
{
	void *at = mremap(from, old, new, flags, to);

	return at == MAP_FAILED ? -errno : ((char *)at - PAGE(0)) / (long)PAGE_SIZE;
}

/* The first page from this one on where something is mapped, and the page behind it. */
static int mapped_from(unsigned long page, unsigned long *start, unsigned long *end)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long first = (unsigned long)PAGE(page), a, b;
	int found = 0;

	while (maps && !found && fscanf(maps, "%lx-%lx%*[^\n]", &a, &b) == 2)
		if (b > first && a < (unsigned long)PAGE(SPACE)) {
			*start = a <= first ? page : (a - (unsigned long)PAGE(0)) / PAGE_SIZE;
			*end = (b - (unsigned long)PAGE(0)) / PAGE_SIZE;
			found = 1;
		}
	if (maps)
		fclose(maps);
	return found;
}

static int is_free(unsigned long page, unsigned long pages)
{
	unsigned long start, end;

	return page + pages <= SPACE && (!mapped_from(page, &start, &end) || start >= page + pages);
}

static long remap_anywhere(char *from, unsigned long old, unsigned long pages, int flags)
{
	unsigned long page = 0, start;

	while (!is_free(page, pages))
		if (page + pages > SPACE || !mapped_from(page, &start, &page))
			return -ENOMEM;
	return remap_to(from, old, PAGE(page), pages * PAGE_SIZE, flags | MREMAP_FIXED);
}

/* Tries only whether the source is all right: ENOMEM if it is. */
static long remap_nowhere(char *from, unsigned long old)
{
	return remap_to(from, old, NULL, NO_ROOM, 0);
}

static UNUSED long remap(unsigned long from, unsigned long old, unsigned long to, unsigned long new, int flags)
{
	unsigned long bytes = old * PAGE_SIZE, new_bytes = new > SPACE ? TOO_LONG : new * PAGE_SIZE;
	char *target = to + new <= SPACE ? PAGE(to) : BEYOND;
	long got;

	if (new < old && from + old > SPACE)
		bytes = TOO_LONG;
	if (flags & MREMAP_FIXED)
		return remap_to(PAGE(from), bytes, target, new_bytes, flags);
	if (flags & 4 /* MREMAP_DONTUNMAP */) {
		int legal = (flags & MREMAP_MAYMOVE) && old == new && new && to + new <= SPACE &&
			    !(from + old > to && to + new > from);

		if (!legal || is_free(to, new))
			return remap_to(PAGE(from), bytes, target, new_bytes, flags);
		got = remap_nowhere(PAGE(from), bytes);
		return got == -ENOMEM ? remap_anywhere(PAGE(from), bytes, new, flags) : got;
	}
	if (new <= old || new > SPACE)
		return remap_to(PAGE(from), bytes, target, new_bytes, flags);
	got = from + new <= SPACE ? remap_to(PAGE(from), bytes, NULL, new_bytes, 0)
				  : remap_nowhere(PAGE(from), bytes);
	if (got == -ENOMEM && (flags & MREMAP_MAYMOVE))
		return remap_anywhere(PAGE(from), bytes, new, flags);
	return got;
}
