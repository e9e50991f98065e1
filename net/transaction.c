#include "net/transaction.h"

#include "net/netlink.h"

#include <assert.h>
#include <errno.h>
#include <netlink/msg.h>
#include <stdio.h>

void transaction_add(struct transaction *t, const struct step *step, struct nl_msg *msg,
		     struct nl_msg *undo)
{
	assert(t->n < TRANSACTION_MOST);
	t->steps[t->n] = step;
	t->msgs[t->n] = msg;
	t->undos[t->n] = undo;
	t->n++;
}

static int find_refusal(struct transaction *t)
{
	t->error = 0;
	for (size_t i = 0; i < t->n && t->error == 0; i++) {
		t->failed = i;
		t->error = t->errors[i];
	}
	return t->error;
}

static int lacks_memory(struct transaction *t)
{
	for (size_t i = 0; i < t->n; i++) {
		nlmsg_free(t->msgs[i]);
		t->errors[i] = -ENOMEM;
	}
	return find_refusal(t);
}

int transaction_run(struct transaction *t, struct netlink *nl)
{
	if (t->n == 0)
		return 0;
	for (size_t i = 0; i < t->n; i++)
		if (!t->msgs[i])
			return lacks_memory(t);
	netlink_batch(nl, t->msgs, t->n, t->errors);
	snprintf(t->said, sizeof(t->said), "%s", netlink_said(nl));
	return find_refusal(t);
}

int transaction_retry(struct transaction *t, struct netlink *nl, size_t i, struct nl_msg *msg)
{
	t->errors[i] = msg ? netlink_batch(nl, &msg, 1, &t->errors[i]) : -ENOMEM;
	snprintf(t->said, sizeof(t->said), "%s", msg ? netlink_said(nl) : "");
	return find_refusal(t);
}

void transaction_undo(struct transaction *t, struct netlink *nl)
{
	struct nl_msg *msgs[TRANSACTION_MOST];
	int errors[TRANSACTION_MOST];
	size_t n = 0;

	for (size_t i = t->n; i-- > 0;) {
		if (t->undos[i] && t->errors[i] == 0)
			msgs[n++] = t->undos[i];
		else
			nlmsg_free(t->undos[i]);
	}
	if (n > 0)
		netlink_batch(nl, msgs, n, errors);
	t->n = 0;
}

void transaction_keep(struct transaction *t)
{
	for (size_t i = 0; i < t->n; i++)
		nlmsg_free(t->undos[i]);
	t->n = 0;
}
