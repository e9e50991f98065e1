/*
 * commands - one function per command of the program; main's table calls them.
 * Each takes the options that were parsed for it and returns the exit status.
 */
#pragma once

struct options;

int diff_main(const struct options *o);
int apply_main(const struct options *o);
int run_main(const struct options *o);
int status_main(const struct options *o);
int pause_main(const struct options *o);
int resume_main(const struct options *o);
int export_main(const struct options *o);
int release_main(const struct options *o);
int validate_main(const struct options *o);
int expand_main(const struct options *o);
int explain_main(const struct options *o);
