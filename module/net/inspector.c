/* The thread that checks domains; see inspector.h. */
#include "net/inspector.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One check.  On the list `pending` of the loop's side from beginning to end;
 * in between on one of those that the lock is over. */
struct job {
	struct job *prev, *next; /* pending */
	struct job *after;	 /* asked, or ended */
	struct inspector *inspector;
	struct prover_question question;
	char *domain, *token, *ca_file; /* owned; behind the question */
	struct prover_answer answer;
	prover_done done;
	void *arg;
};

struct queue {
	struct job *first, **last;
};

struct inspector {
	/* The loop's side. */
	uv_async_t ended_wake;
	struct job *pending;
	size_t pending_count;
	bool is_closed;

	/* The thread's side. */
	uv_thread_t thread;
	uv_loop_t loop;
	uv_async_t asked_wake;
	struct prover *prover;

	uv_mutex_t lock; /* over everything below */
	struct queue asked, ended;
	bool is_stopping;
};

static void
queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void
queue_put(struct queue *q, struct job *j)
{
	j->after = NULL;
	*q->last = j;
	q->last = &j->after;
}

static struct job *
queue_take(struct queue *q)
{
	struct job *j = q->first;

	if (j == NULL)
		return NULL;
	q->first = j->after;
	if (q->first == NULL)
		q->last = &q->first;
	return j;
}

/*
 * The thread's side.
 */

static void
job_end(struct job *j)
{
	struct inspector *i = j->inspector;

	uv_mutex_lock(&i->lock);
	queue_put(&i->ended, j);
	uv_mutex_unlock(&i->lock);
	(void)uv_async_send(&i->ended_wake);
}

static void
on_proved(void *arg, const struct prover_answer *a)
{
	struct job *j = arg;

	j->answer = *a;
	job_end(j);
}

static void
on_asked(uv_async_t *a)
{
	struct inspector *i = a->data;
	bool is_stopping;
	struct job *j;
	struct err e;

	for (;;) {
		uv_mutex_lock(&i->lock);
		is_stopping = i->is_stopping;
		j = is_stopping ? NULL : queue_take(&i->asked);
		uv_mutex_unlock(&i->lock);
		if (j == NULL)
			break;
		if (prover_check(NULL, i->prover, &j->question, on_proved, j,
			&e) == 0)
			continue;
		claim_show(e.text, strlen(e.text), j->answer.got,
		    sizeof j->answer.got);
		job_end(j);
	}
	if (!is_stopping)
		return;
	prover_close(i->prover);
	uv_close((uv_handle_t *)&i->asked_wake, NULL);
}

static void
run(void *arg)
{
	struct inspector *i = arg;

	(void)uv_run(&i->loop, UV_RUN_DEFAULT);
}

/*
 * The loop's side.
 */

static void
job_free(struct job *j)
{
	free(j->domain);
	free(j->token);
	free(j->ca_file);
	free(j);
}

static void
job_deliver(struct job *j)
{
	struct inspector *i = j->inspector;

	if (j->prev != NULL)
		j->prev->next = j->next;
	else
		i->pending = j->next;
	if (j->next != NULL)
		j->next->prev = j->prev;
	i->pending_count--;
	j->done(j->arg, &j->answer);
	job_free(j);
}

static void
on_ended(uv_async_t *a)
{
	struct inspector *i = a->data;
	struct job *j;

	do {
		uv_mutex_lock(&i->lock);
		j = queue_take(&i->ended);
		uv_mutex_unlock(&i->lock);
		if (j != NULL)
			job_deliver(j);
	} while (j != NULL);
}

static int
dup_text(char **r, const char **slot, const char *text)
{
	if (text == NULL)
		return 0;
	*r = strdup(text);
	*slot = *r;
	return *r != NULL ? 0 : -1;
}

int
inspector_check(struct inspector *i, const struct prover_question *q,
    prover_done done, void *arg, struct err *e)
{
	struct job *j;

	if (i->is_closed || i->pending_count >= PROVER_WAITING_MAX)
		return err_set(e, "too many checks of domains wait");
	j = calloc(1, sizeof *j);
	if (j == NULL)
		return err_set(e, "no memory to check a domain");
	j->inspector = i;
	j->done = done;
	j->arg = arg;
	j->question = *q;
	if (dup_text(&j->domain, &j->question.domain, q->domain) == -1 ||
	    dup_text(&j->token, &j->question.token, q->token) == -1 ||
	    dup_text(&j->ca_file, &j->question.ca_file, q->ca_file) == -1) {
		job_free(j);
		return err_set(e, "no memory to check a domain");
	}
	j->next = i->pending;
	if (j->next != NULL)
		j->next->prev = j;
	i->pending = j;
	i->pending_count++;
	uv_mutex_lock(&i->lock);
	queue_put(&i->asked, j);
	uv_mutex_unlock(&i->lock);
	(void)uv_async_send(&i->asked_wake);
	return 0;
}

/* Ends what the thread's loop holds; it must not run, or no longer. */
static void
loop_end(struct inspector *i)
{
	(void)uv_run(&i->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&i->loop);
}

int
inspector_new(struct inspector **r, uv_loop_t *loop,
    const struct resolver_setup *dns, struct err *e)
{
	struct inspector *i = calloc(1, sizeof *i);

	if (i == NULL)
		return err_set(e, "no memory to check domains");
	queue_init(&i->asked);
	queue_init(&i->ended);
	i->asked_wake.data = i;
	i->ended_wake.data = i;
	if (uv_loop_init(&i->loop) != 0) {
		free(i);
		return err_set(e, "no loop to check domains");
	}
	if (prover_new(&i->prover, &i->loop, dns, e) == -1) {
		loop_end(i);
		free(i);
		return -1;
	}
	/* What fails from here on ends the program, and says why. */
	if (uv_mutex_init(&i->lock) != 0 ||
	    uv_async_init(&i->loop, &i->asked_wake, on_asked) != 0 ||
	    uv_async_init(loop, &i->ended_wake, on_ended) != 0)
		return err_set(e, "cannot start the checks of domains");
	if (uv_thread_create(&i->thread, run, i) != 0) {
		uv_close((uv_handle_t *)&i->ended_wake, NULL);
		return err_set(e, "no thread for the checks of domains");
	}
	*r = i;
	return 0;
}

static void
on_wake_closed(uv_handle_t *h)
{
	struct inspector *i = h->data;

	uv_mutex_destroy(&i->lock);
	free(i);
}

void
inspector_close(struct inspector *i)
{
	static const char why[] = "Masthead is being stopped";
	struct job *next;

	if (i == NULL || i->is_closed)
		return;
	i->is_closed = true;
	uv_mutex_lock(&i->lock);
	i->is_stopping = true;
	uv_mutex_unlock(&i->lock);
	(void)uv_async_send(&i->asked_wake);
	(void)uv_thread_join(&i->thread);
	(void)uv_loop_close(&i->loop);
	on_ended(&i->ended_wake);
	for (struct job *j = i->pending; j != NULL; j = next) {
		next = j->next;
		memcpy(j->answer.got, why, sizeof why);
		job_deliver(j);
	}
	/* Not before: somebody may have called from within an answer. */
	uv_close((uv_handle_t *)&i->ended_wake, on_wake_closed);
}
