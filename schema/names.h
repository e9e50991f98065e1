/*
 * names - what instances, profiles, devices and their like may be called.
 * Names become file names, cgroup names, config lines and kernel arguments: each kind has one
 * checker with an allow-list. All return NULL when fine, else what is wrong, a constant text that
 * follows the quoted name: "'-a' begins with '-'".
 */
#pragma once

const char *name_check_instance(const char *name);
const char *name_check_profile(const char *name);
const char *name_check_device(const char *name);
const char *name_check_network(const char *name);
const char *name_check_pool(const char *name);

/* What is fine here, but not with LXD and Incus; NULL: nothing. */
const char *name_warn_instance(const char *name);

/* Of an environment variable, and of a sysctl with dots between its parts. */
const char *name_check_variable(const char *name);
const char *name_check_sysctl(const char *name);

/* Of an LXC template (never a path), and of one of its options (without dashes before it). */
const char *name_check_template(const char *name);
const char *name_check_template_option(const char *name);
