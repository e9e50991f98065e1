/*
 * figures - what was measured, as rows: text, or JSON Lines with BENCH_JSON=1.
 * Absolute times vary between machines; a row therefore stands beside its floor, what the kernel
 * and the libraries cost by themselves in the same run, and the ratio is what counts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What REACH is about. */
enum reach { REACH_NONE, REACH_RATIO, REACH_VALUE };

struct figure {
	const char *what;
	const char *unit; /* NULL: ms */
	double ours;
	double floor; /* 0: there is none */
	enum reach about;
	double reach; /* at most */
};

/* Of the program BENCH. What cmocka says goes to standard error from now on when rows are JSON. */
void figures_open(const char *bench);
void figures_row(const struct figure *f);
/* A heading of what follows; text only. */
void figures_section(const char *format, ...) __attribute__((format(printf, 1, 2)));

double figures_ms(uint64_t nanoseconds);
/* Both sort FIGURES. */
double figures_median(double *figures, size_t n);
double figures_percentile(double *figures, size_t n, unsigned percent);

/* A size from the environment. */
size_t figures_size(const char *variable, size_t preset);
