#include "reconciler/lifenames.h"

#include "schema/names.h"

#include <string.h>

static size_t add(const char *name, size_t n, char out[LIFENAMES_SIZE])
{
	if (n == 0 || n >= LIFENAMES_SIZE)
		return 0;
	memcpy(out, name, n);
	out[n] = '\0';
	return name_check_instance(out) ? 0 : 1;
}

size_t lifenames_of(const char *group, const char *prefix, char out[2][LIFENAMES_SIZE])
{
	size_t n, length, digits = 0;

	if (strncmp(group, prefix, strlen(prefix)) != 0)
		return 0;
	group += strlen(prefix);
	length = strlen(group);
	n = add(group, length, out[0]);
	while (digits < length && group[length - digits - 1] >= '0' &&
	       group[length - digits - 1] <= '9')
		digits++;
	if (digits > 0 && digits < length && group[length - digits - 1] == '-')
		n += add(group, length - digits - 1, out[n]);
	return n;
}
