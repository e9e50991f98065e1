#include "schema/keys_rows.h"

static const struct key rows[] = {
    KEY("boot.autorestart", grammar_bool, INCUS, POLICY, NONE, "false",
	"start the container again when it stops by itself",
	"not carried out yet: state: running starts it again at the next pass; LXD does not know "
	"it"),
    KEY("boot.autostart", grammar_autostart, BOTH, POLICY, FILE,
	"as it was before the host went down", "start the container with the host",
	"written as lxc.start.auto; last-state (Incus) is as if it were not set"),
    KEY("boot.autostart.delay", grammar_integer, BOTH, POLICY, FILE, "0",
	"seconds to wait after this start before the next container's",
	"written as lxc.start.delay; a negative one counts as 0"),
    KEY("boot.autostart.priority", grammar_integer, BOTH, POLICY, FILE, "0",
	"who starts first with the host: the higher one",
	"written as lxc.start.order, negated, since LXC starts low numbers first"),
    KEY("boot.host_shutdown_action", grammar_shutdown_action, INCUS, POLICY, NONE, "stop",
	"how the container is stopped when the host goes down",
	"not carried out yet: lxc.service stops containers cleanly; LXD does not know it"),
    KEY("boot.host_shutdown_timeout", grammar_integer, BOTH, POLICY, NONE, "30",
	"seconds that a clean stop may take before it is forced",
	"for stops that evenkeel makes; a negative one counts as 0"),
    KEY("boot.stop.priority", grammar_integer, BOTH, POLICY, NONE, "0",
	"who stops first with the host: the higher one",
	"not carried out yet: LXC stops in the reverse order of boot.autostart.priority"),
};

const struct key_table keys_boot = {"boot", "boot.", SCOPE_CONTAINER, rows, COUNT(rows)};
