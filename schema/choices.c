#include "schema/choices.h"

#include "schema/complaint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Says that TEXT is not EXPECTED, and what the grammar would take. */
static int complain(const struct grammar *g, const char *text, struct arena *a,
		    struct complaint *why, size_t offset, const char *expected)
{
	complaint_set(why, offset, "%s is not %s", complaint_quote(a, text, strlen(text)),
		      expected);
	return complaint_hint(why, "write %s", g->syntax);
}

static int accept_text(const struct grammar *g, const char *text, struct value *out)
{
	*out = (struct value){.grammar = g, .text = text};
	return 0;
}

static bool is_word(const struct grammar *g, const char *text)
{
	for (size_t i = 0; g->words && g->words[i]; i++)
		if (!strcmp(g->words[i], text))
			return true;
	return false;
}

static int parse_autostart(const struct grammar *g, const char *text, struct arena *a,
			   struct value *out, struct complaint *why)
{
	(void)g;
	if (strcmp(text, "last-state") != 0)
		return value_parse(&grammar_bool, text, a, out, why);
	*out = (struct value){.grammar = &grammar_bool, .yes = false};
	return 0;
}

static int parse_selinux_type(const struct grammar *g, const char *text, struct arena *a,
			      struct value *out, struct complaint *why)
{
	size_t n = strlen(text);

	if (n < 3 || strcmp(text + n - 2, "_t") != 0)
		return complain(g, text, a, why, 0, "an SELinux type");
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return complain(g, text, a, why, i, "an SELinux type");
	return accept_text(g, text, out);
}

static int parse_base64(const struct grammar *g, const char *text, struct arena *a,
			struct value *out, struct complaint *why)
{
	size_t digits = 0, pads = 0;

	for (size_t i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n' || c == '\r')
			continue;
		if (c == '=')
			pads++;
		else if (pads || (!isalnum(c) && c != '+' && c != '/'))
			return complain(g, text, a, why, i, "base64 text");
		else
			digits++;
	}
	if (pads > 2 || (digits + pads) % 4)
		return complain(g, text, a, why, 0, "base64 text, whose length is a multiple of 4");
	return accept_text(g, text, out);
}

/* Copies TEXT[0..N) out as a string; false when it does not fit. */
static bool piece(const char *text, size_t n, char *buf, size_t size)
{
	if (n >= size)
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	return true;
}

static bool is_address(int family, const char *text, size_t n)
{
	char buf[INET6_ADDRSTRLEN + 1], binary[16];

	return piece(text, n, buf, sizeof(buf)) && inet_pton(family, buf, binary) == 1;
}

/* A decimal number of at most MOST in TEXT[0..N). */
static bool is_number(const char *text, size_t n, unsigned long most, unsigned long *number)
{
	unsigned long sum = 0;

	if (n == 0 || n > 10)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		sum = sum * 10 + (unsigned long)(text[i] - '0');
	}
	*number = sum;
	return sum <= most;
}

static const char *family_word(int family)
{
	return family == AF_INET ? "an IPv4 address" : "an IPv6 address";
}

/* One of the grammar's words, one address, or (LIST) several with commas between. */
static int parse_addresses(const struct grammar *g, int family, bool list, const char *text,
			   struct arena *a, struct value *out, struct complaint *why)
{
	if (is_word(g, text))
		return accept_text(g, text, out);
	for (const char *p = text;; p++) {
		size_t n = list ? strcspn(p, ",") : strlen(p);
		size_t blanks = strspn(p, " ");

		if (blanks > n || !is_address(family, p + blanks, n - blanks))
			return complain(g, text, a, why, (size_t)(p - text), family_word(family));
		p += n;
		if (!*p)
			return accept_text(g, text, out);
	}
}

static int parse_list4(const struct grammar *g, const char *text, struct arena *a,
		       struct value *out, struct complaint *why)
{
	return parse_addresses(g, AF_INET, true, text, a, out, why);
}

static int parse_list6(const struct grammar *g, const char *text, struct arena *a,
		       struct value *out, struct complaint *why)
{
	return parse_addresses(g, AF_INET6, true, text, a, out, why);
}

static int parse_one4(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	return parse_addresses(g, AF_INET, false, text, a, out, why);
}

static int parse_one6(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	return parse_addresses(g, AF_INET6, false, text, a, out, why);
}

static int parse_prefixed(const struct grammar *g, int family, const char *text, struct arena *a,
			  struct value *out, struct complaint *why)
{
	size_t n = strcspn(text, "/");
	unsigned long bits;

	if (is_word(g, text))
		return accept_text(g, text, out);
	if (!is_address(family, text, n))
		return complain(g, text, a, why, 0, family_word(family));
	if (!text[n] ||
	    !is_number(text + n + 1, strlen(text + n + 1), family == AF_INET ? 32 : 128, &bits))
		return complain(g, text, a, why, n, "an address with the length of its prefix");
	return accept_text(g, text, out);
}

static int parse_prefixed4(const struct grammar *g, const char *text, struct arena *a,
			   struct value *out, struct complaint *why)
{
	return parse_prefixed(g, AF_INET, text, a, out, why);
}

static int parse_prefixed6(const struct grammar *g, const char *text, struct arena *a,
			   struct value *out, struct complaint *why)
{
	return parse_prefixed(g, AF_INET6, text, a, out, why);
}

/* "10,20-29": numbers and ranges of LEAST..MOST in TEXT[0..N). */
static bool is_range_list(const char *text, size_t n, unsigned long least, unsigned long most)
{
	const char *end = text + n;

	for (const char *p = text;; p++) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t length = (size_t)((comma ? comma : end) - p);
		const char *dash = memchr(p, '-', length);
		size_t first_length = dash ? (size_t)(dash - p) : length;
		unsigned long first, last;

		if (!is_number(p, first_length, most, &first) || first < least)
			return false;
		if (dash &&
		    (!is_number(dash + 1, length - first_length - 1, most, &last) || last < first))
			return false;
		if (!comma)
			return true;
		p = comma;
	}
}

static int parse_vlan_list(const struct grammar *g, const char *text, struct arena *a,
			   struct value *out, struct complaint *why)
{
	if (!is_range_list(text, strlen(text), 0, 4094))
		return complain(g, text, a, why, 0, "a list of VLAN ids");
	return accept_text(g, text, out);
}

/* ADDRESS:PORTS behind "tcp:" or "udp:". An empty address stands for every address. */
static bool is_endpoint(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (!colon || !is_range_list(colon + 1, strlen(colon + 1), 1, 65535))
		return false;
	if (n > 2 && text[0] == '[' && text[n - 1] == ']')
		return is_address(AF_INET6, text + 1, n - 2);
	return n == 0 || is_address(AF_INET, text, n);
}

static int parse_proxy_address(const struct grammar *g, const char *text, struct arena *a,
			       struct value *out, struct complaint *why)
{
	if (!strncmp(text, "unix:", 5) && (text[5] == '/' || text[5] == '@') && text[6])
		return accept_text(g, text, out);
	if ((!strncmp(text, "tcp:", 4) || !strncmp(text, "udp:", 4)) && is_endpoint(text + 4))
		return accept_text(g, text, out);
	return complain(g, text, a, why, 0, "an address to listen on or to connect to");
}

static int parse_infiniband_mac(const struct grammar *g, const char *text, struct arena *a,
				struct value *out, struct complaint *why)
{
	size_t n = strlen(text);

	if (n != 8 * 3 - 1 && n != 20 * 3 - 1)
		return complain(g, text, a, why, 0, "an InfiniBand address");
	for (size_t i = 0; i < n; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return complain(g, text, a, why, i, "an InfiniBand address");
	return accept_text(g, text, out);
}

/* TEXT has the shape: x is a hexadecimal digit, all else is itself. */
static bool has_shape(const char *text, const char *shape)
{
	for (; *text && *shape; text++, shape++)
		if (*shape == 'x' ? !isxdigit((unsigned char)*text) : *shape != *text)
			return false;
	return !*text && !*shape;
}

static int parse_pci(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		     struct complaint *why)
{
	if (!has_shape(text, "xxxx:xx:xx.x") && !has_shape(text, "xx:xx.x"))
		return complain(g, text, a, why, 0, "a PCI address");
	return accept_text(g, text, out);
}

#define CHOICE(SYNTAX, ...)                                                                        \
	{                                                                                          \
		.name = "word", .syntax = SYNTAX, .words = WORDS(__VA_ARGS__),                     \
		.parse = value_parse_word                                                          \
	}

const struct grammar grammar_enforce = CHOICE("hard or soft", "hard", "soft");
const struct grammar grammar_autostart = {
    .name = "boolean or last-state",
    .syntax = "true or false (also yes, no, on, off, 1, 0), or "
	      "last-state",
    .parse = parse_autostart,
};
const struct grammar grammar_shutdown_action =
    CHOICE("stop, force-stop or stateful-stop", "stop", "force-stop", "stateful-stop");
const struct grammar grammar_evacuate = CHOICE(
    "auto, migrate, live-migrate, stop; Incus also refresh-migrate, stateful-stop, "
    "force-stop",
    "auto", "migrate", "live-migrate", "stop", "refresh-migrate", "stateful-stop", "force-stop");
const struct grammar grammar_modules_load = CHOICE("boot or ondemand", "boot", "ondemand");
const struct grammar grammar_label_rootfs =
    CHOICE("auto, always or never", "auto", "always", "never");
const struct grammar grammar_selinux_type = {
    .name = "SELinux type",
    .syntax = "letters, digits and _, ending in _t",
    .parse = parse_selinux_type,
};
const struct grammar grammar_pro_attach = CHOICE("off, on or available", "off", "on", "available");
const struct grammar grammar_base64 = {
    .name = "base64 text",
    .syntax = "base64 (RFC 4648), line breaks allowed",
    .parse = parse_base64,
};

const struct grammar grammar_nictype =
    CHOICE("bridged, ipvlan, macvlan, ovn, p2p, physical, routed or sriov", "bridged", "ipvlan",
	   "macvlan", "ovn", "p2p", "physical", "routed", "sriov");
const struct grammar grammar_infiniband_nictype = CHOICE("physical or sriov", "physical", "sriov");
const struct grammar grammar_gputype =
    CHOICE("physical, mdev, mig or sriov", "physical", "mdev", "mig", "sriov");
const struct grammar grammar_ipvlan_mode = CHOICE("l3s or l2", "l3s", "l2");
const struct grammar grammar_propagation = CHOICE(
    "private, shared, slave, unbindable, rprivate, rshared, rslave or runbindable", "private",
    "shared", "slave", "unbindable", "rprivate", "rshared", "rslave", "runbindable");
const struct grammar grammar_proxy_bind =
    CHOICE("host or instance (old: guest, container)", "host", "instance", "guest", "container");
const struct grammar grammar_proxy_address = {
    .name = "proxy address",
    .syntax =
	"tcp:ADDRESS:PORTS, udp:ADDRESS:PORTS (PORTS: 80,8000-8009; IPv6 in []), unix:/PATH or "
	"unix:@NAME",
    .parse = parse_proxy_address,
};

const struct grammar grammar_nic_addresses4 = {
    .name = "IPv4 addresses",
    .syntax = "10.0.3.5 (routed and ipvlan: several, with commas), or none",
    .words = WORDS("none"),
    .parse = parse_list4,
};
const struct grammar grammar_nic_addresses6 = {
    .name = "IPv6 addresses",
    .syntax = "fd42::5 (routed and ipvlan: several, with commas), or none",
    .words = WORDS("none"),
    .parse = parse_list6,
};
const struct grammar grammar_gateway4 = {
    .name = "IPv4 gateway",
    .syntax = "auto, none, or an address (ipvlan in mode l2)",
    .words = WORDS("auto", "none"),
    .parse = parse_one4,
};
const struct grammar grammar_gateway6 = {
    .name = "IPv6 gateway",
    .syntax = "auto, none, or an address (ipvlan in mode l2)",
    .words = WORDS("auto", "none"),
    .parse = parse_one6,
};
const struct grammar grammar_host_address4 = {
    .name = "IPv4 address",
    .syntax = "169.254.0.1",
    .parse = parse_one4,
};
const struct grammar grammar_host_address6 = {
    .name = "IPv6 address",
    .syntax = "fe80::1",
    .parse = parse_one6,
};
const struct grammar grammar_vlan_list = {
    .name = "VLAN list",
    .syntax = "ids and ranges of 0 to 4094: 10,20-29",
    .parse = parse_vlan_list,
};
const struct grammar grammar_infiniband_mac = {
    .name = "InfiniBand address",
    .syntax = "8 or 20 octets, like 00:11:22:33:44:55:66:77",
    .parse = parse_infiniband_mac,
};
const struct grammar grammar_pci = {
    .name = "PCI address",
    .syntax = "0000:01:00.0 or 01:00.0",
    .parse = parse_pci,
};

const struct grammar grammar_bridge_address4 = {
    .name = "IPv4 address and prefix",
    .syntax = "10.0.3.1/24, auto or none",
    .words = WORDS("auto", "none"),
    .parse = parse_prefixed4,
};
const struct grammar grammar_bridge_address6 = {
    .name = "IPv6 address and prefix",
    .syntax = "fd42:1:2:3::1/64, auto or none",
    .words = WORDS("auto", "none"),
    .parse = parse_prefixed6,
};
const struct grammar grammar_dns_mode =
    CHOICE("managed, dynamic or none", "managed", "dynamic", "none");
const struct grammar grammar_nat_order = CHOICE("before or after", "before", "after");
const struct grammar grammar_bridge_driver =
    CHOICE("native or openvswitch", "native", "openvswitch");
const struct grammar grammar_bridge_mode = CHOICE("standard or fan", "standard", "fan");
const struct grammar grammar_acl_action =
    CHOICE("allow, drop or reject", "allow", "drop", "reject");
const struct grammar grammar_tunnel_protocol = CHOICE("gre or vxlan", "gre", "vxlan");
