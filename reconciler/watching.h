/*
 * watching - what a look has found is watched from then on: who else changes it is noticed at once,
 * not with the next full pass.
 * The kernel files behind a container's values, its interfaces, and the interfaces of the host that
 * its nics hang on or wait for. An event says "look again", and nothing is learnt from it.
 */
#pragma once

struct round;
struct turn;

/* At the end of a turn. */
void watching_turn(struct round *r, struct turn *t);
