#include "schema/complaint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int complaint_set(struct complaint *why, size_t offset, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->message, sizeof(why->message), format, args);
	va_end(args);
	why->hint[0] = '\0';
	why->offset = offset;
	return -EINVAL;
}

int complaint_hint(struct complaint *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->hint, sizeof(why->hint), format, args);
	va_end(args);
	return -EINVAL;
}
