#include "net/bridge_note.h"

#include "schema/value.h"

#include <stdio.h>
#include <string.h>

#define BEGIN "evenkeel network "

/* The N bytes of WORD behind KEY; NULL: it is another key's. */
static const char *value_of(const char *word, size_t *n, const char *key)
{
	size_t length = strlen(key);

	if (*n <= length || strncmp(word, key, length) != 0)
		return NULL;
	*n -= length;
	return word + length;
}

static bool take_text(const char *value, size_t n, char *out, size_t size)
{
	if (n >= size)
		return false;
	*(char *)mempcpy(out, value, n) = '\0';
	return true;
}

static bool take_word(const char *word, size_t n, struct bridge_note *out)
{
	const char *value;
	uint64_t number;

	if (n == 4 && strncmp(word, "made", n) == 0) {
		out->made = true;
		return true;
	}
	value = value_of(word, &n, "mtu=");
	if (value) {
		if (!value_digits(value, n, UINT32_MAX, &number) || number == 0)
			return false;
		out->mtu = (uint32_t)number;
		return true;
	}
	value = value_of(word, &n, "hwaddr=");
	if (value)
		return take_text(value, n, out->hwaddr, sizeof(out->hwaddr));
	value = value_of(word, &n, "ipv4=");
	if (value)
		return take_text(value, n, out->ipv4, sizeof(out->ipv4));
	value = value_of(word, &n, "ipv6=");
	return value && take_text(value, n, out->ipv6, sizeof(out->ipv6));
}

bool bridge_note_parse(const char *alias, const char *name, struct bridge_note *out)
{
	struct bridge_note note = {.there = true};
	const char *at = alias + strlen(BEGIN);

	*out = (struct bridge_note){0};
	if (strncmp(alias, BEGIN, strlen(BEGIN)) != 0 || strncmp(at, name, strlen(name)) != 0)
		return false;
	at += strlen(name);
	while (*at) {
		size_t n = strcspn(at + 1, " ");

		if (*at != ' ' || n == 0 || !take_word(at + 1, n, &note))
			return false;
		at += 1 + n;
	}
	*out = note;
	return true;
}

/* 255 bytes hold all of them: 32 for the beginning with the name, and 175 for the rest. */
void bridge_note_print(const struct bridge_note *note, const char *name, char out[LINK_ALIAS_MOST])
{
	char mtu[16] = "";

	out[0] = '\0';
	if (!note->made && !note->mtu && !note->hwaddr[0] && !note->ipv4[0] && !note->ipv6[0])
		return;
	if (note->mtu)
		snprintf(mtu, sizeof(mtu), " mtu=%u", note->mtu);
	snprintf(out, LINK_ALIAS_MOST, BEGIN "%s%s%s%s%s%s%s%s%s", name, note->made ? " made" : "",
		 mtu, note->hwaddr[0] ? " hwaddr=" : "", note->hwaddr,
		 note->ipv4[0] ? " ipv4=" : "", note->ipv4, note->ipv6[0] ? " ipv6=" : "",
		 note->ipv6);
}
