#include "tests/bench/figures.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *bench;
static FILE *out; /* NULL: standard output, as text */

void figures_open(const char *name)
{
	const char *json = getenv("BENCH_JSON");

	bench = name;
	if (!json || strcmp(json, "1") != 0)
		return;
	fflush(stdout);
	out = fdopen(dup(STDOUT_FILENO), "w");
	dup2(STDERR_FILENO, STDOUT_FILENO);
}

static bool is_met(const struct figure *f)
{
	switch (f->about) {
	case REACH_NONE:
		break;
	case REACH_RATIO:
		return f->floor > 0 && f->ours / f->floor <= f->reach;
	case REACH_VALUE:
		return f->ours <= f->reach;
	}
	return true;
}

static json_t *number_or_null(double number, bool there)
{
	return there ? json_real(number) : json_null();
}

static void print_json(const struct figure *f)
{
	bool floor = f->floor > 0;
	json_t *row = json_pack(
	    "{ss ss ss sf so so so so sb}", "bench", bench, "what", f->what, "unit",
	    f->unit ? f->unit : "ms", "ours", f->ours, "floor", number_or_null(f->floor, floor),
	    "ratio", number_or_null(floor ? f->ours / f->floor : 0, floor), "reach",
	    number_or_null(f->reach, f->about == REACH_VALUE), "reach_ratio",
	    number_or_null(f->reach, f->about == REACH_RATIO), "met", is_met(f));

	json_dumpf(row, out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	fflush(out);
	json_decref(row);
}

static void print_text(const struct figure *f)
{
	printf("  %-62s %9.3f %-3s", f->what, f->ours, f->unit ? f->unit : "ms");
	if (f->floor > 0)
		printf("  floor %9.3f  ratio %6.2f", f->floor, f->ours / f->floor);
	if (f->about == REACH_RATIO)
		printf("  (reach: ratio %g)%s", f->reach, is_met(f) ? "" : " MISSED");
	if (f->about == REACH_VALUE)
		printf("  (reach: %g)%s", f->reach, is_met(f) ? "" : " MISSED");
	putchar('\n');
	fflush(stdout);
}

void figures_row(const struct figure *f)
{
	if (out)
		print_json(f);
	else
		print_text(f);
}

void figures_section(const char *format, ...)
{
	va_list args;

	if (out)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

double figures_ms(uint64_t nanoseconds)
{
	return (double)nanoseconds / 1e6;
}

static int compare_numbers(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

double figures_percentile(double *figures, size_t n, unsigned percent)
{
	qsort(figures, n, sizeof(*figures), compare_numbers);
	return figures[(n - 1) * percent / 100];
}

double figures_median(double *figures, size_t n)
{
	qsort(figures, n, sizeof(*figures), compare_numbers);
	return figures[n / 2];
}

size_t figures_size(const char *variable, size_t preset)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 10) : preset;
}
