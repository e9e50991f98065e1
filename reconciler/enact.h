/*
 * enact - what a round found is acted upon, as far as it can be without waiting.
 * Kernel values are written at once; a step of a container's life becomes a job; a write that may
 * take long goes to a thread; boot files go to the scribe. Whatever was handed off makes its ward
 * due again when it is done, and the next round finds out what is left: no step is remembered.
 */
#pragma once

struct round;

/* Acts upon all turns of R, and frees it, now or when its slow part is done. */
void enact(struct round *r);
