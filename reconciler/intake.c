#include "reconciler/intake.h"

#include <string.h>

/* Is there a line "kind: profile" in a file that was not understood? */
static bool mentions_profile(const char *bytes, size_t n)
{
	const char *end = bytes + n;

	for (const char *line = bytes; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((stop ? stop : end) - line);
		const char *kind = memmem(line, length, "kind", 4);

		if (kind && memmem(kind, length - (size_t)(kind - line), "profile", 7))
			return true;
		line += length + 1;
	}
	return false;
}

/* Nothing of it is applied, and it holds back nobody by naming him. */
static void doubt_all(struct manifest *m)
{
	for (size_t i = 0; i < m->n; i++)
		m->documents[i].faulty = m->documents[i].broken = m->documents[i].doubted = true;
}

struct manifest *intake_read(const struct tree_file *f, enum trust mode, bool lone,
			     struct diagnostics *ds, struct intake *out)
{
	struct manifest_hints hints = manifest_hints_from_path(f->path);
	size_t errors = ds->errors;
	struct manifest *m;

	hints.named_alone = lone;
	m = manifest_from_bytes(f->path, f->bytes, f->n, hints, ds);
	/* Which documents a file with errors would have had nobody knows. */
	out->faulty = ds->errors > errors;
	out->blind = out->faulty && (!hints.kind_known || hints.kind == KIND_PROFILE) &&
		     mentions_profile(f->bytes, f->n);
	if (!f->trusted && mode == TRUST_ENFORCE) {
		doubt_all(m);
		out->faulty = true;
	}
	return m;
}
