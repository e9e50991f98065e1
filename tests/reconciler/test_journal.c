#include "reconciler/journal.h"
#include "reconciler/journal_sink.h"
#include "reconciler/options.h"
#include "schema/property.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct options options;
static char heard[1 << 20];

/* What has arrived in FD so far. */
static const char *drain(int fd)
{
	size_t n = 0;
	ssize_t r;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (n < sizeof(heard) - 1 && (r = read(fd, heard + n, sizeof(heard) - 1 - n)) > 0)
		n += (size_t)r;
	heard[n] = '\0';
	return heard;
}

static size_t count_lines(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

static void lines_are_said(void **state)
{
	struct source source = {.name = "instances/web1.yaml"};
	struct diagnostic d = {
	    .severity = SEVERITY_ERROR,
	    .place = {&source, 3, 18},
	    .message = "'64X' is not a size",
	    .hint = "write a number and a unit, like 512MiB"
        };
	struct journal *j;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	options = (struct options){0};
	j = journal_open_at(fds[1], &options);
	journal_say(j, EVENT_STARTED, NULL, "evenkeel %s, %d instances", "0.1.0", 3);
	journal_finding(j, &d);
	journal_retry(j, EVENT_FAILED, "web1", 2000, "cannot start: %s", "a\033b");
	journal_say(j, EVENT_PASS, NULL, "not without -v");
	journal_close(j);
	assert_string_equal(drain(fds[0]),
			    "evenkeel 0.1.0, 3 instances\n"
			    "instances/web1.yaml:3:18: error: '64X' is not a size; hint: write a "
			    "number and a unit, like 512MiB\n"
			    "web1: cannot start: a\\x1bb; next try in 2s\n");
	close(fds[0]);
	close(fds[1]);
}

static void verbosity_decides(void **state)
{
	static const struct {
		int verbosity;
		size_t lines;
	} rows[] = {
	    {-1, 1},
            {0,  2},
            {1,  3},
            {2,  4}
        };
	int fds[2];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct journal *j;

		assert_int_equal(pipe(fds), 0);
		options = (struct options){.verbosity = rows[i].verbosity};
		j = journal_open_at(fds[1], &options);
		journal_say(j, EVENT_FAILED, "web1", "refused");
		journal_say(j, EVENT_RELEASED, "web1", "let go of");
		journal_say(j, EVENT_PASS, NULL, "2 instances in 1 ms");
		journal_kernel_write(j, "memory.max", "1", EBUSY);
		journal_close(j);
		assert_int_equal(count_lines(drain(fds[0]), "\n"), rows[i].lines);
		close(fds[0]);
		close(fds[1]);
	}
}

static void changes_are_told_by_verdict(void **state)
{
	struct change items[] = {
	    {.object = "cgroup", .attribute = "pids.max", .from = "1",         .to = "2"},
	    {.object = "cgroup",                  .attribute = "cpu.weight",                        .from = "1", .to = "2"},
	    {.object = "cgroup",         .attribute = "memory.high",                                .from = "1",                                  .to = "2"},
	    {.object = "cgroup",       .attribute = "io.weight",.to = "2"},
	};
	struct changes cs = {.items = items, .n = 4};
	struct journal *j;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < 3; i++)
		items[i].action = ACTION_CHANGE;
	items[0].verdict = VERDICT_APPLIED;
	items[1].verdict = VERDICT_FAILED;
	items[1].error = "Invalid argument";
	items[2].verdict = VERDICT_SKIPPED;
	items[3].action = ACTION_NONE;
	items[3].reason = "no controller";
	options = (struct options){0};
	j = journal_open_at(fds[1], &options);
	journal_changes(j, "web1", &cs, true, 1000);
	journal_close(j);
	assert_string_equal(
	    drain(fds[0]),
	    "web1: cgroup pids.max put back: 1 -> 2\n"
	    "web1: cgroup cpu.weight 1 -> 2: failed: Invalid argument; next try in 1s\n"
	    "web1: cgroup io.weight: unsupported: no controller\n");
	close(fds[0]);
	close(fds[1]);
}

/* One line, and one more for a part that fails where the rest does not. */
static void an_object_is_told_in_one_line(void **state)
{
	struct change items[] = {
	    {.object = "nic/eth0", .attribute = "ingress", .to = "50000000"  },
	    {.object = "nic/eth0", .attribute = "link",    .to = "veth",       .identity = true},
	    {.object = "nic/eth0",                    .attribute = "master",                       .to = "br0"},
	};
	struct changes cs = {.items = items, .n = 3};
	struct journal *j;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	options = (struct options){0};
	j = journal_open_at(fds[1], &options);
	for (int i = 0; i < 3; i++)
		items[i].verdict = VERDICT_APPLIED;
	journal_changes(j, "web1", &cs, false, 0);
	assert_string_equal(drain(fds[0]), "web1: nic/eth0 added: veth on br0, ingress 50Mbit\n");
	journal_changes(j, "web1", &cs, true, 0);
	assert_string_equal(drain(fds[0]),
			    "web1: nic/eth0 put back: veth on br0, ingress 50Mbit\n");
	items[0].verdict = VERDICT_FAILED;
	items[0].error = "Operation not supported";
	journal_changes(j, "web1", &cs, false, 1000);
	assert_string_equal(drain(fds[0]),
			    "web1: nic/eth0 ingress none -> 50Mbit: failed: Operation not "
			    "supported; next try in 1s\n"
			    "web1: nic/eth0 added: veth on br0, ingress 50Mbit\n");
	for (int i = 0; i < 3; i++)
		items[i].verdict = VERDICT_FAILED;
	items[1].error = "File exists";
	journal_changes(j, "web2", &cs, false, 1000);
	assert_string_equal(drain(fds[0]), "web2: nic/eth0 add: veth on br0, ingress 50Mbit: "
					   "failed: File exists; next try in 1s\n");
	for (int i = 0; i < 3; i++) {
		items[i].verdict = VERDICT_APPLIED;
		items[i].action = i == 1 ? ACTION_REPLACE : ACTION_ADD;
	}
	items[1].from = "macvlan d0";
	journal_changes(j, "web1", &cs, false, 0);
	assert_string_equal(drain(fds[0]), "web1: nic/eth0 replaced: macvlan on d0 -> veth on br0, "
					   "ingress 50Mbit\n");
	journal_close(j);
	close(fds[0]);
	close(fds[1]);
}

static void repeats_are_folded(void **state)
{
	struct journal *j;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	options = (struct options){0};
	j = journal_open_at(fds[1], &options);
	for (uint64_t i = 0; i < 13; i++)
		journal_retry(j, EVENT_FAILED, "web1", 1000 << i, "no such bridge");
	assert_string_equal(drain(fds[0]), "web1: no such bridge; next try in 1s\n");
	journal_say(j, EVENT_RECOVERED, "web1", "in sync again");
	assert_non_null(strstr(drain(fds[0]), "web1: no such bridge (repeated 12 times in "));
	assert_non_null(strstr(heard, "\nweb1: in sync again\n"));
	journal_retry(j, EVENT_FAILED, "web1", 1000, "no such bridge");
	assert_string_equal(drain(fds[0]), "web1: no such bridge; next try in 1s\n");
	journal_close(j);
	close(fds[0]);
	close(fds[1]);
}

/* Folding hides what goes on, never what changed and changed back. */
static void what_comes_and_goes_is_said_each_time(void **state)
{
	struct source source = {.name = "a.yaml"};
	struct diagnostic d[] = {
	    {SEVERITY_ERROR, {&source, 1, 1}, "one", NULL, NULL},
	    {SEVERITY_ERROR, {&source, 2, 1}, "two", NULL, NULL},
	};
	struct journal *j;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	options = (struct options){0};
	j = journal_open_at(fds[1], &options);
	for (int i = 0; i < 3; i++) {
		journal_say(j, EVENT_PAUSED, "web1", "paused");
		journal_say(j, EVENT_RESUMED, "web1", "no longer paused");
		journal_say(j, EVENT_MANIFESTS, NULL, "the directory is gone");
		journal_say(j, EVENT_MANIFESTS, NULL, "the directory is back");
		journal_finding(j, &d[0]);
		journal_finding(j, &d[1]);
	}
	drain(fds[0]);
	assert_int_equal(count_lines(heard, "web1: paused\n"), 3);
	assert_int_equal(count_lines(heard, "is gone\n"), 3);
	assert_int_equal(count_lines(heard, "error: one\n"), 1);
	assert_int_equal(count_lines(heard, "error: two\n"), 1);
	journal_close(j);
	close(fds[0]);
	close(fds[1]);
}

/* What is told of a line that was folded stays short, in whole characters. */
static void long_lines_have_short_labels(void **state)
{
	static const char *const pieces[] = {"x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	char text[2001];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	options = (struct options){0};
	for (size_t i = 0; i < 4; i++) {
		struct journal *j = journal_open_at(fds[1], &options);
		size_t n = strlen(pieces[i]);

		for (size_t k = 0; k + n < sizeof(text); k += n)
			memcpy(text + k, pieces[i], n + 1);
		journal_say(j, EVENT_FAILED, "web1", "%s", text);
		journal_say(j, EVENT_FAILED, "web1", "%s", text);
		drain(fds[0]);
		journal_close(j);
		assert_in_range(strlen(drain(fds[0])), 30, 220);
		assert_non_null(strstr(heard, "... (repeated 1 time in "));
		assert_null(strstr(heard, "\\x"));
	}
	close(fds[0]);
	close(fds[1]);
}

/* A packet is a write. */
static void gathered_lines_go_in_one_write(void **state)
{
	char packet[65536];
	struct journal *j;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	options = (struct options){0};
	j = journal_open_at(fds[1], &options);
	journal_gather(j);
	for (int i = 0; i < 20; i++)
		journal_say(j, EVENT_RELEASED, "web1", "line %d", i);
	assert_int_equal(recv(fds[0], packet, sizeof(packet), 0), -1);
	journal_flush(j);
	packet[recv(fds[0], packet, sizeof(packet) - 1, 0)] = '\0';
	assert_int_equal(count_lines(packet, "web1: line "), 20);
	assert_int_equal(count_lines(packet, "\n"), 20);
	/* nothing said, nothing written */
	journal_flush(j);
	assert_int_equal(recv(fds[0], packet, sizeof(packet), 0), -1);
	/* when there is no room for more, and at the end */
	for (int i = 0; i < 2000; i++)
		journal_say(j, EVENT_RELEASED, "web1", "row %d of as many as it takes", i);
	assert_true(recv(fds[0], packet, sizeof(packet), 0) > 30000);
	assert_true(recv(fds[0], packet, sizeof(packet), 0) > 30000);
	assert_int_equal(recv(fds[0], packet, sizeof(packet), 0), -1);
	journal_close(j);
	packet[recv(fds[0], packet, sizeof(packet) - 1, 0)] = '\0';
	assert_int_equal(count_lines(packet, "row 1999 "), 1);
	close(fds[0]);
	close(fds[1]);
}

/* Each line either comes whole or is counted. */
static void a_stuck_pipe_costs_gathered_lines(void **state)
{
	size_t came, lost, told;
	struct journal *j;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	options = (struct options){0};
	j = journal_open_at(fds[1], &options);
	journal_gather(j);
	for (int i = 0; i < 3000; i++)
		journal_say(j, EVENT_RELEASED, "web1", "line %d of as many as it takes.", i);
	journal_flush(j);
	lost = journal_lost(j);
	assert_true(lost > 100 && lost < 2900);
	came = count_lines(drain(fds[0]), "takes.\n");
	assert_int_equal(came + lost, 3000);
	assert_null(strstr(heard, "could not"));
	journal_say(j, EVENT_RELEASED, "web1", "again");
	assert_int_equal(journal_lost(j), lost);
	journal_flush(j);
	assert_int_equal(journal_lost(j), 0);
	drain(fds[0]);
	assert_int_equal(sscanf(heard, "%zu lines of this log could not be written", &told), 1);
	assert_int_equal(told, lost);
	assert_non_null(strstr(heard, "\nweb1: again\n"));
	journal_close(j);
	close(fds[0]);
	close(fds[1]);
}

static void json_is_a_line_each(void **state)
{
	struct journal *j;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	options = (struct options){.log_format = LOG_JSON};
	j = journal_open_at(fds[1], &options);
	journal_say(j, EVENT_RELEASED, "web1", "two\nlines \xc3\xa4");
	journal_close(j);
	assert_int_equal(count_lines(drain(fds[0]), "\n"), 1);
	assert_non_null(strstr(heard, "\"event\":\"released\",\"instance\":\"web1\","
				      "\"message\":\"two\\\\nlines \\u00E4\"}\n"));
	close(fds[0]);
	close(fds[1]);
}

/* A reader that does not read costs lines, never time; afterwards it is told. */
static void a_stuck_reader_costs_lines(int writer, int reader)
{
	struct journal *j;
	uint64_t lost;

	options = (struct options){0};
	j = journal_open_at(writer, &options);
	alarm(20); /* a journal that waits would wait for good */
	for (int i = 0; journal_lost(j) < 100; i++)
		journal_say(j, EVENT_RELEASED, "web1", "line number %d", i);
	lost = journal_lost(j);
	assert_int_equal(lost, 100);
	assert_int_equal(fcntl(writer, F_GETFL) & O_NONBLOCK, 0);
	drain(reader);
	journal_say(j, EVENT_RELEASED, "web1", "heard again");
	alarm(0);
	assert_int_equal(journal_lost(j), 0);
	journal_close(j);
	drain(reader);
	assert_non_null(strstr(heard, "100 lines of this log could not be written\n"
				      "web1: heard again\n"));
	close(writer);
	close(reader);
}

static void a_stuck_pipe_costs_lines(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	a_stuck_reader_costs_lines(fds[1], fds[0]);
}

static void a_stuck_socket_costs_lines(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	a_stuck_reader_costs_lines(fds[1], fds[0]);
}

static void what_is_closed_or_full_is_survived(void **state)
{
	static const char *const paths[] = {"/dev/full", "/dev/null"};
	struct journal *j;
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	options = (struct options){0};
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	j = journal_open_at(fds[1], &options);
	journal_say(j, EVENT_RELEASED, "web1", "let go of");
	assert_int_equal(journal_lost(j), 1);
	close(fds[1]);
	journal_close(j);
	j = journal_open_at(987, &options);
	journal_say(j, EVENT_RELEASED, "web1", "let go of");
	assert_int_equal(journal_lost(j), 1);
	journal_close(j);
	for (int i = 0; i < 2; i++) {
		int fd = open(paths[i], O_WRONLY | O_CLOEXEC);

		j = journal_open_at(fd, &options);
		journal_say(j, EVENT_RELEASED, "web1", "let go of");
		assert_int_equal(journal_lost(j), i == 0);
		journal_close(j);
		close(fd);
	}
}

static void systemd_hears_datagrams(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/ek-journal-XXXXXX", path[64], got[64] = "";
	struct journal_sink sink;
	int server;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	assert_false(sink_systemd(path, &sink));
	server = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_true(sink_systemd(path, &sink));
	assert_true(sink_put(&sink, "MESSAGE=x\n", 10));
	assert_int_equal(recv(server, got, sizeof(got), 0), 10);
	assert_memory_equal(got, "MESSAGE=x\n", 10);
	alarm(20);
	while (sink_put(&sink, "MESSAGE=x\n", 10))
		; /* until its queue is full */
	alarm(0);
	sink_close(&sink);
	close(server);
	unlink(path);
	rmdir(folder);
}

static void the_stream_is_compared(void **state)
{
	char right[64], wrong[64];
	struct stat st;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fstat(fds[1], &st), 0);
	snprintf(right, sizeof(right), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	snprintf(wrong, sizeof(wrong), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
	assert_true(sink_is_stream(fds[1], right));
	assert_false(sink_is_stream(fds[1], wrong));
	assert_false(sink_is_stream(fds[1], NULL));
	assert_false(sink_is_stream(fds[1], ""));
	assert_false(sink_is_stream(fds[1], ":"));
	assert_false(sink_is_stream(fds[1], "-1:5"));
	assert_false(sink_is_stream(fds[1], strcat(right, " ")));
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_said),
	    cmocka_unit_test(verbosity_decides),
	    cmocka_unit_test(changes_are_told_by_verdict),
	    cmocka_unit_test(an_object_is_told_in_one_line),
	    cmocka_unit_test(repeats_are_folded),
	    cmocka_unit_test(what_comes_and_goes_is_said_each_time),
	    cmocka_unit_test(long_lines_have_short_labels),
	    cmocka_unit_test(gathered_lines_go_in_one_write),
	    cmocka_unit_test(a_stuck_pipe_costs_gathered_lines),
	    cmocka_unit_test(json_is_a_line_each),
	    cmocka_unit_test(a_stuck_pipe_costs_lines),
	    cmocka_unit_test(a_stuck_socket_costs_lines),
	    cmocka_unit_test(what_is_closed_or_full_is_survived),
	    cmocka_unit_test(systemd_hears_datagrams),
	    cmocka_unit_test(the_stream_is_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
