/* The thread that writes to the register; see writer.h. */
#include "daemon/writer.h"

#include <stdbool.h>
#include <stdlib.h>

struct job {
	struct job *next;
	writer_job run;
	writer_done done;
	void *arg;
	int rc;
	struct err err;
};

struct job_list {
	struct job *first, **last;
	size_t count;
};

struct writer {
	struct store *store;
	uv_thread_t thread;
	uv_async_t wake; /* the loop's end: finished jobs are there */
	uv_mutex_t lock; /* over everything below */
	uv_cond_t more;
	struct job_list waiting, finished;
	bool is_stopping;
};

static void
list_init(struct job_list *l)
{
	l->first = NULL;
	l->last = &l->first;
	l->count = 0;
}

static void
list_put(struct job_list *l, struct job *j)
{
	j->next = NULL;
	*l->last = j;
	l->last = &j->next;
	l->count++;
}

static struct job *
list_take(struct job_list *l)
{
	struct job *j = l->first;

	if (j == NULL)
		return NULL;
	l->first = j->next;
	if (l->first == NULL)
		l->last = &l->first;
	l->count--;
	return j;
}

static void
writer_thread(void *arg)
{
	struct writer *w = arg;
	struct job *j;

	uv_mutex_lock(&w->lock);
	for (;;) {
		j = list_take(&w->waiting);
		if (j == NULL && w->is_stopping)
			break;
		if (j == NULL) {
			uv_cond_wait(&w->more, &w->lock);
			continue;
		}
		uv_mutex_unlock(&w->lock);
		j->rc = j->run(w->store, j->arg, &j->err);
		uv_mutex_lock(&w->lock);
		list_put(&w->finished, j);
		uv_async_send(&w->wake);
	}
	uv_mutex_unlock(&w->lock);
}

static void
writer_deliver(struct writer *w)
{
	struct job *j;

	for (;;) {
		uv_mutex_lock(&w->lock);
		j = list_take(&w->finished);
		uv_mutex_unlock(&w->lock);
		if (j == NULL)
			return;
		j->done(j->arg, j->rc, &j->err);
		free(j);
	}
}

static void
writer_on_wake(uv_async_t *a)
{
	writer_deliver(a->data);
}

int
writer_new(struct writer **r, uv_loop_t *loop, struct store *s, struct err *e)
{
	struct writer *w = calloc(1, sizeof *w);

	if (w == NULL)
		return err_set(e, "no memory for the register's writer");
	w->store = s;
	w->wake.data = w;
	list_init(&w->waiting);
	list_init(&w->finished);
	/* What fails here ends the program: `w` stays, but its handle must not
	 * keep the loop from ending, too. */
	if (uv_mutex_init(&w->lock) != 0 || uv_cond_init(&w->more) != 0 ||
	    uv_async_init(loop, &w->wake, writer_on_wake) != 0)
		return err_set(e, "cannot start the register's writer");
	if (uv_thread_create(&w->thread, writer_thread, w) != 0) {
		uv_close((uv_handle_t *)&w->wake, NULL);
		return err_set(e, "no thread for the register's writer");
	}
	*r = w;
	return 0;
}

int
writer_post(struct writer *w, writer_job job, writer_done done, void *arg,
    struct err *e)
{
	struct job *j = calloc(1, sizeof *j);
	bool is_full;

	if (j == NULL)
		return err_set(e, "no memory for a change of the register");
	j->run = job;
	j->done = done;
	j->arg = arg;
	uv_mutex_lock(&w->lock);
	is_full = w->is_stopping || w->waiting.count >= WRITER_QUEUE_MAX;
	if (!is_full) {
		list_put(&w->waiting, j);
		uv_cond_signal(&w->more);
	}
	uv_mutex_unlock(&w->lock);
	if (is_full) {
		free(j);
		return err_set(e, "too many changes of the register wait");
	}
	return 0;
}

void
writer_stop(struct writer *w)
{
	if (w == NULL || w->is_stopping)
		return;
	uv_mutex_lock(&w->lock);
	w->is_stopping = true;
	uv_cond_signal(&w->more);
	uv_mutex_unlock(&w->lock);
	uv_thread_join(&w->thread);
	writer_deliver(w);
	store_close(w->store);
	uv_close((uv_handle_t *)&w->wake, NULL);
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	uv_cond_destroy(&w->more);
	uv_mutex_destroy(&w->lock);
	free(w);
}
