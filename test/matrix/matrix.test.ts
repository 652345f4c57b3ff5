import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { releaseWebRtc } from "../../src/protocols/webrtc/client.ts";
import { needs, peer } from "../support/peers.ts";
import type { TestRelay } from "../support/relay.ts";
import { assertDecoded } from "./decode.ts";
import { encodeFilms, film, type Media, nameOf } from "./media.ts";
import { live, type WayIn, waysIn } from "./ways-in.ts";
import { type WayOut, waysOut } from "./ways-out.ts";

const medias: readonly Media[] = [
	{ video: "h264" },
	{ video: "h264", sound: "aac" },
	{ video: "h264", sound: "opus" },
	{ video: "h265", sound: "opus" },
];

/** Where something is not carried, by the reason. */
const notes = new Map<string, Set<string>>();

function note(what: string, reason: string): void {
	notes.set(reason, (notes.get(reason) ?? new Set()).add(what));
}

/** One cell: what comes out this way is decoded and looked at. Gives what the table shows; rejects with the fault. */
async function cell(out: WayOut, way: WayIn, media: Media, relay: TestRelay, folder: string): Promise<string> {
	const missing = out.missing(media);
	if (missing !== undefined) {
		note(`out by ${out.name}`, missing);
		return "–";
	}
	const sound = media.sound !== undefined;
	try {
		await using decoder = await out.play(relay, sound, folder);
		await assertDecoded(decoder, way.picture ?? film, sound);
		return "yes";
	} catch (error) {
		throw new Error(`${out.name}: ${error}`, { cause: error });
	}
}

/** The cells of a row: what the table shows, and the faults. */
async function rowOf(way: WayIn, media: Media, folder: string): Promise<{ cells: string[]; faults: string[] }> {
	await using parts = new AsyncDisposableStack();
	const relay = await way.open({ folder, media, parts });
	await live(relay, media.sound ? 2 : 1);
	const cells = await Promise.allSettled(waysOut.map((out) => cell(out, way, media, relay, folder)));
	return {
		cells: cells.map((one) => (one.status === "fulfilled" ? one.value : "NO")),
		faults: cells.flatMap((one) => (one.status === "rejected" ? [`${one.reason}`] : [])),
	};
}

const rows = waysIn.flatMap((way) => medias.map((media) => ({ way, media, name: `${way.name}: ${nameOf(media)}` })));
const results = new Map<string, readonly string[]>();

suite("every way in, every way out", () => {
	const folder = mkdtempSync(join(tmpdir(), "vedette-matrix-"));
	before(async () => {
		if (peer("ffmpeg")) await encodeFilms(folder);
	});
	after(() => {
		releaseWebRtc();
		rmSync(folder, { recursive: true, force: true });
	});

	suite("rows", { concurrency: 2 }, () => {
		for (const { way, media, name } of rows) {
			const missing = way.missing(media);
			if (missing !== undefined) {
				note(`in by ${way.name}`, missing);
				continue;
			}
			test(name, { timeout: 90_000 }, async (t) => {
				if (!needs(t, "ffmpeg")) return;
				const { cells, faults } = await rowOf(way, media, folder);
				results.set(name, cells);
				assert.equal(faults.join("\n"), "");
			});
		}
	});

	test("the table", (t) => {
		const width = Math.max(...rows.map(({ name }) => name.length));
		const line = (name: string, cells: readonly string[]): string =>
			[name.padEnd(width), ...cells.map((one, i) => one.padEnd(waysOut[i]!.name.length))].join(" | ");
		t.diagnostic(
			line(
				"",
				waysOut.map(({ name }) => name),
			),
		);
		for (const { name } of rows) {
			const cells = results.get(name);
			if (cells) t.diagnostic(line(name, cells));
		}
		for (const [reason, what] of notes) t.diagnostic(`${reason}: ${[...what].join(", ")}`);
	});
});
