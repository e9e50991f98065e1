#include "reconciler/journal_fold.h"

/* FNV-1a, with a byte between texts so that they do not run into each other. */
uint64_t fold_hash(uint64_t before, const char *text)
{
	uint64_t hash = before ? before : UINT64_C(0xcbf29ce484222325);

	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	hash = (hash ^ 0xff) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

struct fold_news fold_see(struct fold *f, const struct fold_line *line, uint64_t now,
			  uint64_t window_ms)
{
	struct fold_line *slot = &f->lines[line->subject % FOLD_SLOTS];
	bool same = slot->subject == line->subject && slot->text == line->text;
	struct fold_news news = {.print = true};

	if (same && now - slot->printed < window_ms) {
		slot->repeats++;
		return (struct fold_news){.print = false};
	}
	if (same) {
		news.repeats = slot->repeats;
		news.since_ms = now - slot->printed;
	} else if (slot->repeats) {
		news.left = *slot;
	}
	*slot = *line;
	slot->printed = now;
	slot->repeats = 0;
	return news;
}

bool fold_take(struct fold *f, uint64_t owner, struct fold_line *out)
{
	for (size_t i = 0; i < FOLD_SLOTS; i++) {
		struct fold_line *line = &f->lines[i];

		if (!line->repeats || (owner && line->owner != owner))
			continue;
		*out = *line;
		line->repeats = 0;
		return true;
	}
	return false;
}

void fold_forget(struct fold *f, uint64_t owner)
{
	for (size_t i = 0; i < FOLD_SLOTS; i++)
		if (f->lines[i].owner == owner)
			f->lines[i] = (struct fold_line){0};
}
