/*
 * daemon - evenkeel run: the loop that keeps it so.
 * One thread on sd-event: inotify on the manifests and on the cgroups, pidfds of container inits,
 * timers, signals, the control socket, sd_notify and the watchdog. It feeds the keeper, and sleeps
 * while nothing happens. Nothing in it waits for a container or a disk.
 */
#pragma once

struct options;

/* Runs until SIGTERM or SIGINT. Returns the exit status. */
int daemon_run(const struct options *o);
