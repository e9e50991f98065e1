#include "schema/fields.h"

#include "schema/arena.h"
#include "schema/devices.h"
#include "schema/instance_fields.h"
#include "schema/paused.h"
#include "schema/settings.h"
#include "schema/text.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Read before all others, by schema/document. */
static void read_earlier(struct reading *r, const struct node *value, struct document *d)
{
	(void)r;
	(void)value;
	(void)d;
}

static void read_description(struct reading *r, const struct node *value, struct document *d)
{
	const char *text = reading_text(r, value, "description");

	if (text && text[0])
		d->description = arena_strdup(r->arena, text);
}

static unsigned scope_of(enum kind kind)
{
	switch (kind) {
	case KIND_INSTANCE:
		return SCOPE_INSTANCE;
	case KIND_PROFILE:
		return SCOPE_PROFILE;
	case KIND_NETWORK:
		return SCOPE_NETWORK;
	case KIND_POOL:
		return SCOPE_POOL;
	case KIND_PRESEED:
		break;
	}
	return 0;
}

static void read_config(struct reading *r, const struct node *value, struct document *d)
{
	settings_read(r, value, scope_of(d->kind), &d->config);
}

static void read_devices(struct reading *r, const struct node *value, struct document *d)
{
	devices_read(r, value, &d->devices);
}

static void read_word(struct reading *r, const struct node *value, const char *what,
		      const char *const *words, size_t n, const char **out)
{
	const char *text = reading_text(r, value, what), *near;

	if (!text || !text[0])
		return;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*out = words[i];
		return;
	}
	diagnostic_error(r->ds, value->at, "unknown %s '%s'", what, reading_show(r, text));
	near = text_near_miss(text, words, n);
	if (near)
		reading_hint_near_miss(r, near);
}

static void read_network_type(struct reading *r, const struct node *value, struct document *d)
{
	static const char *const types[] = {"bridge", "macvlan", "ovn", "physical", "sriov"};

	read_word(r, value, "type of network", types, COUNT(types), &d->type);
}

/* A network has no life of its own: it is there, or it shall not be. */
static void read_network_state(struct reading *r, const struct node *value, struct document *d)
{
	static const char *const words[] = {"present", "absent"};
	const char *text = reading_text(r, value, "state");

	if (!text || !text[0])
		return;
	if (r->strict) {
		diagnostic_error(r->ds, value->at, "a network of a preseed has no state");
		diagnostic_hint(r->ds, "write a document of kind: network");
		return;
	}
	d->state_at = value->at;
	if (strcmp(text, "absent") == 0)
		d->state = STATE_ABSENT;
	if (d->state == STATE_ABSENT || strcmp(text, "present") == 0)
		return;
	diagnostic_error(r->ds, value->at, "unknown state of a network '%s'",
			 reading_show(r, text));
	if (text_near_miss(text, words, COUNT(words)))
		reading_hint_near_miss(r, text_near_miss(text, words, COUNT(words)));
	else
		diagnostic_hint(r->ds, "it is present or absent");
}

static void read_driver(struct reading *r, const struct node *value, struct document *d)
{
	static const char *const drivers[] = {
	    "alletra", "btrfs",      "ceph",      "cephfs", "cephobject", "dir", "linstor",
	    "lvm",     "lvmcluster", "powerflex", "pure",   "truenas",    "zfs"};

	read_word(r, value, "storage driver", drivers, COUNT(drivers), &d->type);
}

static const struct field instance[] = {
    {"architecture",     NULL                  },
    {"backups",          NULL                  },
    {"config",           read_config           },
    {"created_at",       NULL                  },
    {"description",      read_description      },
    {"devices",          read_devices          },
    {"ephemeral",        NULL                  },
    {"expanded_config",  NULL                  },
    {"expanded_devices", NULL                  },
    {"hosts",            instance_read_hosts   },
    {"instance_type",    NULL                  },
    {"kind",	     read_earlier          },
    {"last_used_at",     NULL                  },
    {"location",         NULL                  },
    {"name",	     read_earlier          },
    {"paused",           paused_read           },
    {"profiles",         instance_read_profiles},
    {"project",          NULL                  },
    {"restart",          instance_read_restart },
    {"restore",          NULL                  },
    {"snapshots",        NULL                  },
    {"source",           instance_read_source  },
    {"start",            NULL		  },
    {"state",            instance_read_state   },
    {"stateful",         NULL                  },
    {"status",           NULL                  },
    {"status_code",      NULL                  },
    {"type",	     read_earlier          },
};

static const struct field profile[] = {
    {"config",      read_config     },
    {"description", read_description},
    {"devices",     read_devices    },
    {"kind",        read_earlier    },
    {"name",        read_earlier    },
    {"project",     NULL            },
    {"used_by",     NULL            },
};

static const struct field network[] = {
    {"config",      read_config       },
    {"description", read_description  },
    {"kind",        read_earlier      },
    {"locations",   NULL              },
    {"managed",     NULL              },
    {"name",        read_earlier      },
    {"project",     NULL              },
    {"state",       read_network_state},
    {"status",      NULL              },
    {"type",        read_network_type },
    {"used_by",     NULL              },
};

static const struct field pool[] = {
    {"config",      read_config     },
    {"description", read_description},
    {"driver",      read_driver     },
    {"kind",        read_earlier    },
    {"locations",   NULL            },
    {"name",        read_earlier    },
    {"status",      NULL            },
    {"used_by",     NULL            },
};

const struct field *fields_of(enum kind kind, size_t *n)
{
	switch (kind) {
	case KIND_INSTANCE:
		*n = COUNT(instance);
		return instance;
	case KIND_PROFILE:
		*n = COUNT(profile);
		return profile;
	case KIND_NETWORK:
		*n = COUNT(network);
		return network;
	case KIND_POOL:
		*n = COUNT(pool);
		return pool;
	case KIND_PRESEED:
		break;
	}
	*n = 0;
	return NULL;
}
