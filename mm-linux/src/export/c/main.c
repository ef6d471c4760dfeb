
static int report(void)
{
	int step, test = 0, failed = 0;

	for (step = 0; step < STEPS; step++) {
		long got = shared->got[step], want = wanted[step];

		if (want == ANY) {
			printf("# %s: %ld\n", text[step], got);
			continue;
		}
		printf("%s %d %s\n", got == want ? "ok" : "not ok", ++test, text[step]);
		if (got != want) {
			printf("# got %ld, expected %ld\n", got, want);
			failed++;
		}
	}
	printf("# Totals: pass:%d fail:%d\n", test - failed, failed);
	return failed ? 1 : 0;
}

static void on_alarm(int signal UNUSED)
{
	/* Children die with us. */
	PUT_BACK();
	_exit(1);
}

int main(void)
{
	struct sigaction fault = { .sa_handler = on_fault }, alarmed = { .sa_handler = on_alarm };
	pid_t pid;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	prctl(PR_SET_THP_DISABLE, NO_THP, 0, 0, 0);
	PREPARE();
	printf("1..%d\n", TESTS);
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGALRM, &alarmed, NULL);
	sigaction(SIGINT, &alarmed, NULL);
	sigaction(SIGTERM, &alarmed, NULL);
	shared->alive[0] = 1;
	pid = fork();
	if (pid == 0) {
		me = 0;
		signal(SIGALRM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	} else {
		shared->pid[0] = pid;
	}
	alarm(60);
	run();
	if (me != CONTROLLER)
		pause();
	while (shared->turn < STEPS)
		sched_yield();
	for (i = 0; i < PROCS; i++)
		if (shared->alive[i])
			kill(shared->pid[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	PUT_BACK();
	return report();
}
