#include "reconciler/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
	struct task *first, **end;
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock; /* of all below, but the fd and pending */
	pthread_cond_t more;
	struct queue queued, ran;
	bool stop;
	int fd;
	size_t pending; /* the loop's */
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void queue_add(struct queue *q, struct task *t)
{
	t->next = NULL;
	*q->end = t;
	q->end = &t->next;
}

static struct task *queue_take(struct queue *q)
{
	struct task *t = q->first;

	q->first = t->next;
	if (!q->first)
		q->end = &q->first;
	return t;
}

static void *work(void *data)
{
	struct worker *w = data;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct task *t;

		while (!w->stop && !w->queued.first)
			pthread_cond_wait(&w->more, &w->lock);
		if (w->stop)
			break;
		t = queue_take(&w->queued);
		pthread_mutex_unlock(&w->lock);
		t->run(t);
		pthread_mutex_lock(&w->lock);
		queue_add(&w->ran, t);
		eventfd_write(w->fd, 1);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Signals are for the loop: it waits for them by a signalfd. */
static int thread_start(struct worker *w, const char *name)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		pthread_setname_np(w->thread, name);
	return error;
}

static void worker_free(struct worker *w)
{
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

struct worker *worker_open(const char *thread_name)
{
	struct worker *w = calloc(1, sizeof(*w));
	int error;

	if (!w)
		return NULL;
	queue_init(&w->queued);
	queue_init(&w->ran);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = w->fd < 0 ? errno : thread_start(w, thread_name);
	if (error == 0)
		return w;
	worker_free(w);
	errno = error;
	return NULL;
}

int worker_fd(const struct worker *w)
{
	return w->fd;
}

void worker_submit(struct worker *w, struct task *t)
{
	w->pending++;
	pthread_mutex_lock(&w->lock);
	queue_add(&w->queued, t);
	pthread_mutex_unlock(&w->lock);
	pthread_cond_signal(&w->more);
}

void worker_collect(struct worker *w)
{
	struct task *t;
	eventfd_t n;

	/* First the fd, then the list: what is added in between makes it readable again. */
	eventfd_read(w->fd, &n);
	pthread_mutex_lock(&w->lock);
	t = w->ran.first;
	queue_init(&w->ran);
	pthread_mutex_unlock(&w->lock);
	while (t) {
		struct task *next = t->next;

		w->pending--;
		t->done(t);
		t = next;
	}
}

void worker_wake(struct worker *w)
{
	eventfd_write(w->fd, 1);
}

size_t worker_pending(const struct worker *w)
{
	return w->pending;
}

static void drop_all(struct queue *q)
{
	while (q->first) {
		struct task *t = queue_take(q);

		if (t->drop)
			t->drop(t);
	}
}

void worker_close(struct worker *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_mutex_unlock(&w->lock);
	pthread_cond_signal(&w->more);
	pthread_join(w->thread, NULL);
	drop_all(&w->ran);
	drop_all(&w->queued);
	worker_free(w);
}
