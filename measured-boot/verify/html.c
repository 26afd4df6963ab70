/* SPDX-License-Identifier: MIT */
/*
 * The verdict as one page: nothing in it is fetched from elsewhere, no script runs, every text is
 * escaped.  The boot chain is drawn as boxes, each in the colour of its worst row; below it the
 * rows, grouped by box.  Printable: colours come with words.
 */
#include "measured-boot/verify/verify.h"

#include <string.h>
#include <time.h>

/* A box of the drawing and the rows that belong to it, by the beginning of their names. */
static const struct box {
	const char *title, *what;
	const char *component[14]; /* a name, or with a dot at its end all that begin with it */
} boxes[] = {
	{"Host and TPM", "is it the enrolled machine?", {"host.enrolled", "ek.", "ak."}},
	{"Quote", "what the TPM signed", {"quote."}},
	{"Firmware", "PCR 0-7", {"boot.log", "firmware"}},
	{"GRUB", "PCR 4", {"grub"}},
	{"Hypervisor", "PCR 9, 17", {"hypervisor", "hypervisor.", "limits.hypervisor", "pcr17"}},
	{"Policy, builder",
	 "PCR 9, 17",
	 {"policy", "policy.", "builder", "builder.", "limits.builder", "limits.policy"}},
	{"Dom0",
	 "PCR 9, 18: not trusted",
	 {"plan", "plan.", "dom0.", "pcr18", "pcr19", "kernel.", "initrd."}},
	{"Launch log",
	 "PCR 22: records, host state",
	 {"checkpoint.", "log.", "host.", "limits.revoked"}},
	{"Tenant", "its launch record", {"tenant."}},
	{"Report", "its own words", {"report."}},
};
#define BOXES   (sizeof(boxes) / sizeof(boxes[0]))
#define NO_ROWS (-1)

static void escape(FILE *out, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
			break;
		}
	}
}

/* How well a name fits a box: the length of what matched, so that the closest one wins. */
static size_t fits(const struct box *box, const char *component)
{
	size_t best = 0;

	for (size_t i = 0; i < sizeof(box->component) / sizeof(box->component[0]); i++) {
		const char *name = box->component[i];
		size_t length = name ? strlen(name) : 0;
		bool prefix = length && name[length - 1] == '.';

		if (length > best &&
		    !(prefix ? strncmp(component, name, length) : strcmp(component, name))) {
			best = length;
		}
	}
	return best;
}

static size_t box_of(const char *component)
{
	size_t best = BOXES - 1, length = 0;

	for (size_t i = 0; i < BOXES; i++) {
		size_t fit = fits(&boxes[i], component);

		if (fit > length) {
			length = fit;
			best = i;
		}
	}
	return best;
}

/* The worst result of a box; a box with nothing but notes is a note. */
static int worst(const struct verdict *verdict, size_t box)
{
	static const int weight[] = {
		[ROW_note] = 0, [ROW_ok] = 1, [ROW_warning] = 2, [ROW_missing] = 3, [ROW_bad] = 4};
	int result = NO_ROWS;

	for (size_t i = 0; i < verdict->count; i++) {
		if (box_of(verdict->row[i].component) == box &&
		    (result == NO_ROWS || weight[verdict->row[i].result] > weight[result])) {
			result = verdict->row[i].result;
		}
	}
	return result;
}

static const char *class_of(int result)
{
	return result == NO_ROWS ? "none" : row_word(result);
}

static void head(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'\">\n<title>",
	      out);
	escape(out, title);
	fputs("</title>\n<style>\n"
	      ":root{--ok:#1a7f37;--warning:#9a6700;--bad:#c1121f;--missing:#7a3e9d;--note:#57606a;"
	      "--none:#afb8c1}\n"
	      "body{font:15px/1.45 system-ui,'Segoe UI',Helvetica,Arial,sans-serif;color:#1f2328;"
	      "max-width:1180px;margin:0 auto;padding:28px;background:#fff}\n"
	      "h1{font-size:24px;margin:0 0 2px}h2{font-size:17px;margin:26px 0 8px}\n"
	      ".sub{color:#57606a;margin:0 0 18px}\n"
	      ".verdict{border:2px solid;border-left-width:12px;border-radius:6px;"
	      "padding:12px 18px;margin:0 0 20px;font-size:19px;font-weight:600}\n"
	      ".verdict p{font-size:15px;font-weight:400;margin:4px 0 0;color:#1f2328}\n"
	      ".ok{color:var(--ok)}.warning{color:var(--warning)}.bad{color:var(--bad)}"
	      ".missing{color:var(--missing)}.note{color:var(--note)}.none{color:var(--none)}\n"
	      "svg{display:block;width:100%;height:auto;margin:0 0 4px}svg text{font-family:inherit}\n"
	      "svg .t{font-size:14px;font-weight:600;fill:#1f2328}svg .w{font-size:11.5px;"
	      "fill:#57606a}svg .r{font-size:12px;font-weight:700}\n"
	      "g.ok{--c:var(--ok)}g.warning{--c:var(--warning)}g.bad{--c:var(--bad)}"
	      "g.missing{--c:var(--missing)}g.note{--c:var(--note)}g.none{--c:var(--none)}\n"
	      "g rect.b{fill:#fff;stroke:var(--c);stroke-width:2}g rect.h{fill:var(--c)}"
	      "g .r{fill:var(--c)}g.none rect.b{stroke-dasharray:5 4}\n"
	      "table{border-collapse:collapse;width:100%;table-layout:fixed}\n"
	      "th,td{text-align:left;vertical-align:top;padding:6px 8px;"
	      "border-bottom:1px solid #d0d7de}\n"
	      "th{background:#f6f8fa;font-weight:600}\n"
	      "tr.g td{background:#f6f8fa;font-weight:600;border-top:2px solid #d0d7de}\n"
	      "td.v{font:12.5px/1.4 ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
	      "overflow-wrap:anywhere}\n"
	      "td.c{overflow-wrap:anywhere;font-weight:600}td.r{font-weight:700}\n"
	      "tr.ok,tr.warning,tr.bad,tr.missing,tr.note{color:#1f2328}"
	      "tr.bad{background:#fff1f1}tr.missing{background:#f8f2fc}tr.warning{background:"
	      "#fff8e5}\n"
	      ".foot{color:#57606a;font-size:13px;margin-top:22px}\n"
	      "@media print{body{padding:0;font-size:11px}tr{break-inside:avoid}"
	      "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}"
	      "td.v{font-size:9px}}\n"
	      "</style></head><body>\n",
	      out);
}

static void banner(const struct verdict *verdict, const char *title, FILE *out)
{
	static const char *const class[] = {"ok", "bad", "missing"};
	static const char *const title_word[] = {"Trusted", "Not trusted", "Could not judge"};
	static const char *const says[] = {
		"No check that this page lists failed; what the warnings mean is for you to weigh. It "
		"holds for this boot, this domain and this moment, not for later ones.",
		"At least one check failed: do not give this host or this domain a secret. The "
		"failed checks come first below.",
		"Something that the checks need is not there, so nothing was decided. Treat it as "
		"not trusted.",
	};
	unsigned count[ROW_missing + 1] = {0};
	char when[64];
	time_t now = time(NULL);
	struct tm utc;

	for (size_t i = 0; i < verdict->count; i++) {
		count[verdict->row[i].result]++;
	}
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&now, &utc));
	fputs("<h1>", out);
	escape(out, title);
	fprintf(out, "</h1>\n<p class=\"sub\">Attestation verdict of Corbel, judged %s</p>\n",
		when);
	fprintf(out, "<div class=\"verdict %s\">%s<p>%s</p><p>", class[verdict->status],
		title_word[verdict->status], says[verdict->status]);
	fprintf(out, "%zu checks: ok %u, bad %u, missing %u, warnings %u, notes %u.</p></div>\n",
		verdict->count, count[ROW_ok], count[ROW_bad], count[ROW_missing],
		count[ROW_warning], count[ROW_note]);
}

static void digest_line(const char *what, const char *name, const uint8_t *digest, FILE *out)
{
	fprintf(out, "<tr><td class=\"c\">%s</td><td class=\"v\">", what);
	for (size_t i = 0; digest && i < 32; i++) {
		fprintf(out, "%02x", digest[i]);
	}
	fputs(digest ? "" : "cannot be read", out);
	fputs("</td><td class=\"v\">", out);
	escape(out, name);
	fputs("</td></tr>\n", out);
}

/* What the page is about: without it two pages could be taken for each other. */
static void subject(const struct verdict_subject *about, FILE *out)
{
	char record[32];

	if (about->tenant) {
		snprintf(record, sizeof(record), "%llu", (unsigned long long)about->launch_record);
	} else {
		snprintf(record, sizeof(record), "%s",
			 about->tenant_asked ? "none that is proved" : "no tenant judged");
	}
	fputs("<h2>What was judged</h2>\n<table><colgroup><col style=\"width:18%\">"
	      "<col style=\"width:52%\"><col></colgroup><tbody>\n",
	      out);
	digest_line("Boot id", about->genuine ? "" : "nothing vouches for it", about->boot_id, out);
	fprintf(out,
		"<tr><td class=\"c\">Launch record</td><td class=\"v\">%s</td><td></td></tr>\n",
		record);
	digest_line("Nonce", "", about->nonce, out);
	if (about->evidence) {
		digest_line("Evidence, SHA-256", about->evidence, about->evidence_sha256, out);
	}
	for (size_t i = 0; i < about->inputs; i++) {
		digest_line("Input, SHA-256", about->input[i].file,
			    about->input[i].read ? about->input[i].sha256 : NULL, out);
	}
	fputs("</tbody></table>\n", out);
}

#define BOX_WIDTH  188
#define BOX_HEIGHT 82
#define BOX_STEP   232
#define ROW_STEP   128
#define PER_ROW    5

/* The second row runs back from right to left, so that the chain stays one line. */
static void box_place(size_t i, int *x, int *y)
{
	size_t column = i % PER_ROW;

	if (i / PER_ROW % 2) {
		column = PER_ROW - 1 - column;
	}
	*x = 6 + (int)column * BOX_STEP;
	*y = 8 + (int)(i / PER_ROW) * ROW_STEP;
}

static void arrow(FILE *out, size_t from)
{
	int x, y, next_x, next_y;

	box_place(from, &x, &y);
	box_place(from + 1, &next_x, &next_y);
	if (y != next_y) {
		x += BOX_WIDTH / 2;
		fprintf(out, "<path d=\"M%d %dV%d\"/>", x, y + BOX_HEIGHT + 3, next_y - 5);
	} else if (next_x > x) {
		fprintf(out, "<path d=\"M%d %dH%d\"/>", x + BOX_WIDTH + 3, y + BOX_HEIGHT / 2,
			next_x - 5);
	} else {
		fprintf(out, "<path d=\"M%d %dH%d\"/>", x - 3, y + BOX_HEIGHT / 2,
			next_x + BOX_WIDTH + 5);
	}
}

static void drawing(const struct verdict *verdict, FILE *out)
{
	fprintf(out,
		"<h2>The chain</h2>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-label=\"The chain of trust, each link with its result\">\n"
		"<defs><marker id=\"a\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" "
		"markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
		"<path d=\"M0 0L10 5L0 10z\" fill=\"#57606a\"/></marker></defs>\n"
		"<g stroke=\"#57606a\" stroke-width=\"1.6\" fill=\"none\" "
		"marker-end=\"url(#a)\">",
		12 + (PER_ROW - 1) * BOX_STEP + BOX_WIDTH, 16 + ROW_STEP + BOX_HEIGHT);
	for (size_t i = 0; i + 1 < BOXES; i++) {
		arrow(out, i);
	}
	fputs("</g>\n", out);
	for (size_t i = 0; i < BOXES; i++) {
		int x, y, result = worst(verdict, i);

		box_place(i, &x, &y);
		fprintf(out,
			"<g class=\"%s\"><rect class=\"b\" x=\"%d\" y=\"%d\" width=\"%d\" "
			"height=\"%d\" rx=\"6\"/><rect class=\"h\" x=\"%d\" y=\"%d\" width=\"8\" "
			"height=\"%d\" rx=\"3\"/>",
			class_of(result), x, y, BOX_WIDTH, BOX_HEIGHT, x, y, BOX_HEIGHT);
		fprintf(out,
			"<text class=\"t\" x=\"%d\" y=\"%d\">%s</text>"
			"<text class=\"w\" x=\"%d\" y=\"%d\">%s</text>"
			"<text class=\"r\" x=\"%d\" y=\"%d\">%s</text></g>\n",
			x + 20, y + 25, boxes[i].title, x + 20, y + 44, boxes[i].what, x + 20,
			y + 68, result == NO_ROWS ? "not looked at" : row_word(result));
	}
	fputs("</svg>\n", out);
}

static void table_row(const struct verdict_row *row, FILE *out)
{
	const char *word = row_word(row->result);

	fprintf(out, "<tr class=\"%s\"><td class=\"c\">", word);
	escape(out, row->component);
	fputs("</td><td class=\"v\">", out);
	escape(out, row->expected);
	fputs("</td><td class=\"v\">", out);
	if (row->expected && row->found && !strcmp(row->expected, row->found)) {
		fputs("the same", out);
	} else {
		escape(out, row->found);
	}
	fprintf(out, "</td><td class=\"r %s\">%s</td><td>", word, word);
	escape(out, row->meaning);
	fputs("</td></tr>\n", out);
}

static void table_head(const char *heading, FILE *out)
{
	fprintf(out,
		"<h2>%s</h2>\n<table><colgroup><col style=\"width:18%%\">"
		"<col style=\"width:23%%\"><col style=\"width:23%%\"><col style=\"width:8%%\">"
		"<col></colgroup>\n<thead><tr><th>Component</th><th>Expected</th><th>Found</th>"
		"<th>Result</th><th>What it means</th></tr></thead><tbody>\n",
		heading);
}

/* What an auditor looks for first. */
static void faults(const struct verdict *verdict, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < verdict->count; i++) {
		if (verdict->row[i].result == ROW_bad || verdict->row[i].result == ROW_missing) {
			if (!any) {
				table_head("What failed or is missing", out);
			}
			any = true;
			table_row(&verdict->row[i], out);
		}
	}
	if (any) {
		fputs("</tbody></table>\n", out);
	}
}

void verdict_html(const struct verdict *verdict, const char *title, FILE *out)
{
	head(out, title);
	banner(verdict, title, out);
	if (verdict->about.host) {
		subject(&verdict->about, out);
	}
	drawing(verdict, out);
	faults(verdict, out);
	table_head("All checks", out);
	for (size_t box = 0; box < BOXES; box++) {
		bool titled = false;

		for (size_t i = 0; i < verdict->count; i++) {
			if (box_of(verdict->row[i].component) != box) {
				continue;
			}
			if (!titled) {
				fprintf(out, "<tr class=\"g\"><td colspan=\"5\">%s</td></tr>\n",
					boxes[box].title);
			}
			titled = true;
			table_row(&verdict->row[i], out);
		}
	}
	fputs("</tbody></table>\n<p class=\"foot\">Dom0, disks, networks and time are not trusted: "
	      "the verdict is about what was booted and launched, and by whom, not about what a "
	      "tenant does later.</p>\n</body></html>\n",
	      out);
}
