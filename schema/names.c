#include "schema/names.h"

#include "schema/text.h"
#include "schema/yaml_bytes.h"

#include <stdbool.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define LETTERS LOWER UPPER

#define EMPTY "is empty"

static bool begins_with(const char *name, const char *set)
{
	return name[0] && strchr(set, name[0]);
}

static bool made_of(const char *name, const char *set)
{
	return name[strspn(name, set)] == '\0';
}

const char *name_check_instance(const char *name)
{
	if (!name[0])
		return EMPTY;
	if (!made_of(name, LETTERS DIGITS "-_."))
		return "may hold letters, digits, '-', '_' and '.' only";
	if (!begins_with(name, LETTERS DIGITS))
		return "must begin with a letter or a digit";
	return strlen(name) > 63 ? "is longer than 63 characters" : NULL;
}

const char *name_warn_instance(const char *name)
{
	if (strpbrk(name, "_."))
		return "would be refused by LXD and Incus: they allow letters, digits and '-'";
	if (name[strlen(name) - 1] == '-')
		return "would be refused by LXD and Incus: it ends with '-'";
	if (made_of(name, DIGITS))
		return "would be refused by LXD and Incus: it is a number";
	return NULL;
}

static bool holds_control(const char *name)
{
	size_t n = strlen(name), length;

	for (size_t i = 0; i < n; i += length)
		if (strchr("\t\n\r", name[i]) || yaml_bytes_control(name + i, n - i, &length))
			return true;
	return false;
}

const char *name_check_profile(const char *name)
{
	if (!name[0])
		return EMPTY;
	if (strlen(name) > 64)
		return "is longer than 64 bytes";
	if (!text_is_utf8(name, strlen(name), NULL))
		return "is not UTF-8";
	if (holds_control(name))
		return "holds a control character";
	if (strchr(name, '/'))
		return "holds a '/'";
	if (name[0] == '-' || name[0] == '.')
		return "may not begin with '-' or '.'";
	return NULL;
}

const char *name_check_device(const char *name)
{
	if (!name[0])
		return EMPTY;
	if (!made_of(name, LETTERS DIGITS "/.-:_"))
		return "may hold letters, digits and / . - : _ only";
	if (name[0] == '.')
		return "may not begin with '.'";
	return strlen(name) > 63 ? "is longer than 63 characters" : NULL;
}

/* A network is an interface of the host: 2 to 15 bytes that the kernel and its tools take. */
const char *name_check_network(const char *name)
{
	size_t n = strlen(name);

	if (n == 0)
		return EMPTY;
	if (!made_of(name, LETTERS DIGITS "-_."))
		return "may hold letters, digits, '-', '_' and '.' only";
	if (name[0] == '-' || name[0] == '.')
		return "may not begin with '-' or '.'";
	if (strstr(name, ".."))
		return "may not hold '..'";
	return n < 2 || n > 15 ? "must have 2 to 15 characters, as an interface" : NULL;
}

const char *name_check_pool(const char *name)
{
	if (!name[0])
		return EMPTY;
	if (!made_of(name, LETTERS DIGITS "-_."))
		return "may hold letters, digits, '-', '_' and '.' only";
	if (name[0] == '-' || name[0] == '.')
		return "may not begin with '-' or '.'";
	return strlen(name) > 63 ? "is longer than 63 characters" : NULL;
}

const char *name_check_variable(const char *name)
{
	if (!name[0])
		return EMPTY;
	if (!made_of(name, LETTERS DIGITS "_"))
		return "may hold letters, digits and '_' only";
	return begins_with(name, LETTERS "_") ? NULL : "must begin with a letter or '_'";
}

const char *name_check_sysctl(const char *name)
{
	if (!name[0])
		return EMPTY;
	if (!made_of(name, LOWER DIGITS "_.-"))
		return "may hold lower-case letters, digits and _ . - only";
	if (name[0] == '.' || name[strlen(name) - 1] == '.' || strstr(name, ".."))
		return "needs something before and behind each '.'";
	if (name[0] == '-')
		return "may not begin with '-'";
	return strchr(name, '.') ? NULL : "has no '.', as in net.ipv4.ip_forward";
}

const char *name_check_template(const char *name)
{
	if (!name[0])
		return EMPTY;
	if (!made_of(name, LETTERS DIGITS "-_."))
		return "may hold letters, digits, '-', '_' and '.' only";
	return begins_with(name, LETTERS DIGITS) ? NULL : "must begin with a letter or a digit";
}

const char *name_check_template_option(const char *name)
{
	static const char *const lxcs[] = {"path", "name", "rootfs", "mapped-uid", "mapped-gid"};

	if (!name[0])
		return EMPTY;
	for (size_t i = 0; i < sizeof(lxcs) / sizeof(*lxcs); i++)
		if (strcmp(name, lxcs[i]) == 0)
			return "is set by LXC itself";
	if (!made_of(name, LETTERS DIGITS "-_"))
		return "may hold letters, digits, '-' and '_' only";
	return begins_with(name, LETTERS DIGITS) ? NULL : "must begin with a letter or a digit";
}
