#include "tests/integration/cut.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static pid_t apply_traced(const struct harness *h)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(127);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(h->program, "evenkeel", "apply", "-d", h->manifests, "-P", h->lxcpath,
		      "--etc", h->etc, NULL);
		_exit(127);
	}
	return pid;
}

bool cut_apply(const struct harness *h, size_t n,
	       bool (*counts)(const struct __ptrace_syscall_info *stop))
{
	pid_t pid = apply_traced(h);
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	while (n > 0) {
		struct __ptrace_syscall_info stop;

		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status))
			return true;
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(stop), &stop) > 0);
		n -= counts(&stop);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return false;
}
