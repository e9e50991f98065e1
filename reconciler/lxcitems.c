#include "reconciler/lxcitems.h"

#include "limits/procfile.h"
#include "reconciler/commandsock.h"
#include "reconciler/include.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lxc/lxccontainer.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A handle that is made here has no config to load: one that is broken gives no handle. */
#define NOWHERE_PATH "/run/evenkeel"

#define NETS_MOST 65536 /* an interface with a higher number is not looked for */

#define PATIENCE 300 /* milliseconds that a monitor has to name its init */

struct answer {
	const char *item, *value;
};

/* Which config an answer was found in. */
struct version {
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct lxcitems {
	const char *lxcpath, *name;
	int dir;
	struct lxc_container *handle;
	const char *text; /* the own config; NULL: it is on disk */
	bool loaded;      /* the own config is in the handle, as far as it could be read */
	struct version version;
	struct arena *answered; /* of the answers about it; NULL: none yet */
	struct answer *answers;
	size_t n, capacity;
	bool asked; /* it is known who listens for questions about the running one */
	enum listener listener;
};

struct lxcitems *lxcitems_new(const char *lxcpath, int dir, const char *name, struct arena *a)
{
	struct lxcitems *l = arena_alloc(a, sizeof(*l));

	*l = (struct lxcitems){.lxcpath = lxcpath, .name = name, .dir = dir};
	return l;
}

struct lxcitems *lxcitems_of_text(const char *text, struct arena *a)
{
	struct lxcitems *l = lxcitems_new(NOWHERE_PATH, -1, "text", a);

	l->text = text;
	return l;
}

static void forget_answers(struct lxcitems *l)
{
	arena_free(l->answered);
	l->answered = NULL;
	l->answers = NULL;
	l->n = l->capacity = 0;
}

void lxcitems_rest(struct lxcitems *l)
{
	if (l->handle)
		lxc_container_put(l->handle);
	l->handle = NULL;
	l->loaded = l->asked = false;
}

void lxcitems_close(struct lxcitems *l)
{
	lxcitems_rest(l);
	forget_answers(l);
}

static struct lxc_container *handle_of(struct lxcitems *l)
{
	if (l->handle)
		return l->handle;
	l->handle = lxc_container_new(l->name, NOWHERE_PATH);
	if (l->handle && !l->handle->set_config_path(l->handle, l->lxcpath))
		lxcitems_rest(l);
	return l->handle;
}

/* liblxc reads files only; what it is to read is not on disk. */
static bool load_text(struct lxc_container *handle, const char *text)
{
	procfile_fd fd = memfd_create("config", MFD_CLOEXEC);
	char path[32];
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* A line that LXC refuses ends the reading; what came before it counts. */
	handle->load_config(handle, path);
	return true;
}

static struct lxc_container *own_of(struct lxcitems *l)
{
	struct lxc_container *handle = handle_of(l);
	struct arena *a;
	char *text;

	if (!handle || l->loaded)
		return handle;
	handle->clear_config(handle);
	if (l->text) {
		l->loaded = load_text(handle, l->text);
		return handle;
	}
	a = arena_new();
	text = include_read(l->dir, arena_printf(a, "%s/config", l->name), a);
	l->loaded = text && load_text(handle, include_own(text, a));
	arena_free(a);
	return handle;
}

/* liblxc ends lists with a line break, and spells some unset strings out. */
static const char *tidy(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	return n == 0 || strcmp(text, "(null)") == 0 ? NULL : text;
}

/* What was found in another config does not count. */
static void look_at_config(struct lxcitems *l)
{
	struct version now = {0};
	char path[NAME_MAX + 16];
	struct stat st;

	if (l->text)
		return;
	snprintf(path, sizeof(path), "%s/config", l->name);
	if (fstatat(l->dir, path, &st, 0) == 0)
		now = (struct version){st.st_ino, st.st_size, st.st_ctim};
	if (now.inode == l->version.inode && now.size == l->version.size &&
	    now.changed.tv_sec == l->version.changed.tv_sec &&
	    now.changed.tv_nsec == l->version.changed.tv_nsec)
		return;
	l->version = now;
	l->loaded = false;
	forget_answers(l);
}

static const char *ask(struct lxcitems *l, const char *item, struct arena *a)
{
	struct lxc_container *handle = own_of(l);
	int n = handle ? handle->get_config_item(handle, item, NULL, 0) : -1;
	char *text;

	if (n <= 0)
		return NULL;
	text = arena_alloc(a, (size_t)n + 1);
	if (handle->get_config_item(handle, item, text, n + 1) < 0)
		return NULL;
	return tidy(text);
}

const char *lxcitems_own(struct lxcitems *l, const char *item, struct arena *a)
{
	const char *value;

	look_at_config(l);
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->answers[i].item, item) == 0)
			return arena_strdup(a, l->answers[i].value);
	if (!l->answered)
		l->answered = arena_new();
	value = ask(l, item, l->answered);
	if (!l->loaded) /* for now */
		return arena_strdup(a, value);
	l->answers = arena_grow(l->answered, l->answers, l->n, &l->capacity, sizeof(*l->answers));
	l->answers[l->n++] = (struct answer){arena_strdup(l->answered, item), value};
	return arena_strdup(a, value);
}

/* liblxc says how many there are, and of each number whether it is one. */
size_t lxcitems_own_nets(struct lxcitems *l, struct arena *a, unsigned **out)
{
	const char *types = lxcitems_own(l, "lxc.net", a);
	struct lxc_container *handle = types ? own_of(l) : NULL;
	size_t all = types != NULL, n = 0;
	char item[32];

	for (const char *c = types; c && *c; c++)
		all += *c == '\n';
	*out = arena_alloc(a, (all + 1) * sizeof(**out));
	for (unsigned i = 0; handle && n < all && i < NETS_MOST; i++) {
		snprintf(item, sizeof(item), "lxc.net.%u.type", i);
		if (handle->get_config_item(handle, item, NULL, 0) > 0)
			(*out)[n++] = i;
	}
	return n;
}

enum listener lxcitems_listener(struct lxcitems *l)
{
	if (!l->asked)
		l->listener = commandsock_listener(l->lxcpath, l->name, NULL);
	l->asked = true;
	return l->listener;
}

const char *lxcitems_running(struct lxcitems *l, const char *item, struct arena *a, bool *known)
{
	struct lxc_container *handle = lxcitems_listener(l) == LISTENER_OURS ? handle_of(l) : NULL;
	const char *kept = NULL;
	char *text = NULL;

	/* liblxc asks the monitor only where the handle has a config of its own, whichever. */
	if (handle && (handle->lxc_conf || handle->set_config_item(handle, "lxc.tty.max", "0")))
		text = handle->get_running_config_item(handle, item);
	if (text)
		kept = tidy(arena_strdup(a, text));
	free(text);
	*known = handle != NULL;
	return kept;
}

static _Noreturn void tell_init(struct lxc_container *handle, int to)
{
	pid_t init;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	init = handle->init_pid(handle);
	_exit(write(to, &init, sizeof(init)) == sizeof(init) ? 0 : 1);
}

static bool is_told(int from)
{
	struct pollfd p = {.fd = from, .events = POLLIN};

	return poll(&p, 1, PATIENCE) == 1;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* liblxc waits without end for a monitor whose container is starting, hooks and all: a process of
 * its own waits instead of us, and not for long. */
pid_t lxcitems_init(struct lxcitems *l)
{
	struct lxc_container *handle = lxcitems_listener(l) == LISTENER_OURS ? handle_of(l) : NULL;
	pid_t init = 0, asking;
	int fds[2];

	if (!handle || pipe2(fds, O_CLOEXEC) < 0)
		return 0;
	asking = fork();
	if (asking == 0)
		tell_init(handle, fds[1]);
	close(fds[1]);
	if (asking < 0 || !is_told(fds[0]) || read(fds[0], &init, sizeof(init)) != sizeof(init))
		init = 0;
	close(fds[0]);
	if (asking > 0)
		end(asking);
	return init > 0 ? init : 0;
}
