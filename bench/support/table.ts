import type { Row } from "./bench.ts";

interface Column {
	readonly title: string;
	readonly value: (row: Row) => string | number | undefined;
	readonly digits?: number;
}

const columns: readonly Column[] = [
	{ title: "way", value: (row) => row.way },
	{ title: "server", value: (row) => row.server },
	{ title: "N", value: (row) => row.readers, digits: 0 },
	{ title: "CPU µs", value: (row) => row.cpuUs, digits: 2 },
	{ title: "kB each", value: (row) => row.memoryPerReaderKb, digits: 0 },
	{ title: "delay p50 ms", value: (row) => row.delayP50Ms, digits: 2 },
	{ title: "p99 ms", value: (row) => row.delayP99Ms, digits: 2 },
	{ title: "first p50 ms", value: (row) => row.firstP50Ms, digits: 0 },
	{ title: "p95 ms", value: (row) => row.firstP95Ms, digits: 0 },
	{ title: "note", value: (row) => row.failure ?? row.note },
];

function cell({ value, digits = 2 }: Column, row: Row): string {
	const content = value(row);
	return typeof content === "number" ? content.toFixed(digits) : (content ?? "");
}

/** The rows as a Markdown table with columns of equal width. */
export function table(rows: readonly Row[]): string {
	const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map((column) => cell(column, row)))];
	const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
	const text = lines.map((line) => `| ${line.map((content, i) => content.padEnd(widths[i] ?? 0)).join(" | ")} |`);
	const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
	return [text[0], rule, ...text.slice(1), ""].join("\n");
}
