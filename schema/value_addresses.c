/* Addresses and networks, as inet_pton(3) reads them and inet_ntop(3) writes them. */
#include "schema/arena.h"
#include "schema/complaint.h"
#include "schema/value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define ADDRESS_MOST 64 /* longer is none */

static int family_of(const struct grammar *g)
{
	return g == &grammar_address4 || g == &grammar_cidr4_list ? AF_INET : AF_INET6;
}

static const char *example_of(const struct grammar *g)
{
	if (g == &grammar_address4)
		return "10.0.0.2";
	if (g == &grammar_address6)
		return "fd42::2";
	return g == &grammar_cidr4_list ? "10.0.0.0/24" : "fd42::/64";
}

/* The N bytes of TEXT as FAMILY writes them; NULL: no address. */
static char *canonical(int family, const char *text, size_t n, struct arena *a)
{
	char copy[ADDRESS_MOST], clean[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (n >= sizeof(copy))
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (inet_pton(family, copy, &address) != 1)
		return NULL;
	inet_ntop(family, &address, clean, sizeof(clean));
	return arena_strdup(a, clean);
}

static int refuse(const struct grammar *g, const char *text, size_t at, size_t n, struct arena *a,
		  struct complaint *why)
{
	const char *what = family_of(g) == AF_INET ? "IPv4" : "IPv6";
	bool network = g == &grammar_cidr4_list || g == &grammar_cidr6_list;
	const char *other;

	complaint_set(why, at, "%s is not an %s %s", complaint_quote(a, text + at, n), what,
		      network ? "address with a prefix" : "address");
	other = canonical(family_of(g) == AF_INET ? AF_INET6 : AF_INET, text + at,
			  strcspn(text + at, "/,"), a);
	if (other)
		return complaint_hint(why,
				      "that is an address of the other family; write one like "
				      "%s",
				      example_of(g));
	if (!network && memchr(text + at, '/', n))
		return complaint_hint(why, "write it without a prefix, like %s", example_of(g));
	other = canonical(family_of(g), text + at, n, a);
	if (network && other)
		return complaint_hint(why, "did you mean %s/%d?", other,
				      family_of(g) == AF_INET ? 32 : 128);
	return complaint_hint(why, "write one like %s", example_of(g));
}

static const char *one_address(const struct grammar *g, const char *text, size_t n, struct arena *a)
{
	return canonical(family_of(g), text, n, a);
}

static const char *one_network(const struct grammar *g, const char *text, size_t n, struct arena *a)
{
	const char *slash = memchr(text, '/', n);
	uint64_t prefix;
	char *address;

	if (!slash)
		return NULL;
	address = canonical(family_of(g), text, (size_t)(slash - text), a);
	if (!address || !value_digits(slash + 1, n - (size_t)(slash + 1 - text),
				      family_of(g) == AF_INET ? 32 : 128, &prefix))
		return NULL;
	return arena_printf(a, "%s/%u", address, (unsigned)prefix);
}

struct addresses {
	const char **items;
	size_t n, capacity;
};

/* Commas between, blanks around each dropped. */
static int read_list(const struct grammar *g, const char *text,
		     const char *(*one)(const struct grammar *g, const char *text, size_t n,
					struct arena *a),
		     struct arena *a, struct addresses *out, struct complaint *why)
{
	size_t at = 0, n, end;
	const char *item;

	for (;;) {
		end = at + strcspn(text + at, ",");
		at += strspn(text + at, " \t\n");
		for (n = end > at ? end - at : 0; n > 0 && strchr(" \t\n", text[at + n - 1]); n--)
			;
		item = one(g, text + at, n, a);
		if (!item)
			return refuse(g, text, at, n, a, why);
		out->items = arena_grow(a, out->items, out->n, &out->capacity, sizeof(item));
		out->items[out->n++] = item;
		if (!text[end])
			return 0;
		at = end + 1;
	}
}

static int parse_address(const struct grammar *g, const char *text, struct arena *a,
			 struct value *out, struct complaint *why)
{
	out->text = one_address(g, text, strlen(text), a);
	return out->text ? 0 : refuse(g, text, 0, strlen(text), a, why);
}

static int parse_networks(const struct grammar *g, const char *text, struct arena *a,
			  struct value *out, struct complaint *why)
{
	struct addresses l = {0};
	int r = read_list(g, text, one_network, a, &l, why);

	out->list.items = l.items;
	out->list.n = l.n;
	return r;
}

const struct grammar grammar_address4 = {
    .name = "IPv4 address",
    .syntax = "an address like 10.0.0.2",
    .parse = parse_address,
};

const struct grammar grammar_address6 = {
    .name = "IPv6 address",
    .syntax = "an address like fd42::2",
    .parse = parse_address,
};

const struct grammar grammar_cidr4_list = {
    .name = "list of IPv4 networks",
    .syntax = "addresses with prefixes, commas between them: 10.0.0.0/24, 192.0.2.7/32",
    .parse = parse_networks,
};

const struct grammar grammar_cidr6_list = {
    .name = "list of IPv6 networks",
    .syntax = "addresses with prefixes, commas between them: fd42::/64, 2001:db8::7/128",
    .parse = parse_networks,
};
