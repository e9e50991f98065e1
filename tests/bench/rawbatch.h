/*
 * rawbatch - the floor of the net benches: rtnetlink messages that were built beforehand, sent by a
 * bare socket in as few calls as may be, each acknowledged.
 */
#pragma once

#include "net/bucket.h"
#include "net/link.h"

#include <stdbool.h>

struct nl_msg;

struct rawbatch;

struct rawbatch *rawbatch_new(void);
void rawbatch_free(struct rawbatch *b);

/* Uses MSG up. */
void rawbatch_add(struct rawbatch *b, struct nl_msg *msg);
/* All that shapes one way by the bucket where nothing is: HTB on DEVICE. */
void rawbatch_add_htb(struct rawbatch *b, int device, const struct bucket *want, uint32_t mtu);
/* From one bucket to another. */
void rawbatch_add_change(struct rawbatch *b, int device, const struct bucket *from,
			 const struct bucket *to, uint32_t mtu);
/* An IFB with this index for the host end, up, and what sends all there. */
void rawbatch_add_redirect(struct rawbatch *b, const struct link *host_end, int ifb);
/* Takes both ways of a host end away again. */
void rawbatch_add_removal(struct rawbatch *b, const struct link *host_end, int ifb);
/* What a look at both ways asks. */
void rawbatch_add_questions(struct rawbatch *b, const struct link *host_end, int ifb);

/* Milliseconds until all are acknowledged. The test fails unless none is refused. May be sent
 * again. */
double rawbatch_send(struct rawbatch *b);
