import type { StreamInfo } from "../control/page-api.ts";

/** What `/health` answers; the later fields only for those with the right. */
export interface Health {
	readonly status: string;
	readonly active_streams: number;
	readonly total_viewers: number;
	readonly version?: string;
	readonly uptime_seconds?: number;
	readonly cpu_seconds?: number;
	readonly memory_bytes?: number;
}

/** `2 h 13 min`, from seconds. */
function span(seconds: number): string {
	if (seconds < 60) return `${Math.floor(seconds)} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes} min`;
	const hours = Math.floor(minutes / 60);
	return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `2.03 Mbit/s`, from bit/s. */
function rate(bits: number): string {
	return bits < 1e6 ? `${Math.round(bits / 1000)} kbit/s` : `${(bits / 1e6).toFixed(2)} Mbit/s`;
}

function trackText({ codec, width, height, fps }: StreamInfo["tracks"][number]): string {
	const size = width && height ? ` ${width}x${height}` : "";
	return `${codec}${size}${fps ? ` ${fps.toFixed(0)} fps` : ""}`;
}

function row(stream: StreamInfo, now: number): string[] {
	const { name, state, since, tracks, bitrate, lost, viewers, publisher, sourceFault } = stream;
	const who = publisher && [publisher.protocol, publisher.user, publisher.address].filter(Boolean).join(" ");
	return [
		name,
		state,
		since === null ? "–" : span((now - since) / 1000),
		tracks.map(trackText).join(", ") || "–",
		state === "offline" ? "–" : rate(bitrate),
		String(lost),
		String(viewers),
		who ?? (sourceFault === null ? "–" : `no source: ${sourceFault}`),
	];
}

function heading({ status, version, uptime_seconds: uptime, cpu_seconds: cpu, memory_bytes: memory }: Health): string {
	const parts = [`vedette ${version ?? ""}`.trim(), status];
	if (uptime !== undefined) parts.push(`up ${span(uptime)}`);
	if (cpu !== undefined && uptime) parts.push(`${((100 * cpu) / uptime).toFixed(1)} % of one core`);
	if (memory !== undefined) parts.push(`${Math.round(memory / 1e6)} MB`);
	return parts.join(", ");
}

/** A running relay's state for people: one line about the relay, one for each stream. `now` in Unix milliseconds. */
export function statusText(health: Health, streams: readonly StreamInfo[], now: number): string {
	const { active_streams: live, total_viewers: viewers } = health;
	const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
	const head = `${heading(health)}\n${plural(live, "stream")}, ${plural(viewers, "viewer")}\n`;
	if (streams.length === 0) return head;
	const titles = ["path", "state", "since", "tracks", "in", "lost", "viewers", "publisher"];
	const rows = [titles, ...streams.map((stream) => row(stream, now))];
	const widths = titles.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
	const lines = rows.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
	return `${head}\n${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
