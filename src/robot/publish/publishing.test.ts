import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../../media/frame.ts";
import { createLog } from "../../observe/log.ts";
import { videoTrack } from "../capture/units.ts";
import type { OpenPublisher, PublishOptions } from "./publisher.ts";
import { Publishing } from "./publishing.ts";

const track = videoTrack("");
const log = createLog({ level: "silent", file: "", format: "json" });
const frame = (n: number, key: boolean): Frame => ({ track: 0, pts: n, key, units: [] });

interface Opened {
	readonly options: PublishOptions;
	readonly written: number[];
	closed: boolean;
	pending: number;
	end(reason: string): void;
}

/** A relay that refuses as often as it is told, and then takes everything. */
function relay(refusals: number) {
	const opened: Opened[] = [];
	let attempts = 0;
	const waiting: (() => void)[] = [];
	const open: OpenPublisher = async (_url, _tracks, options) => {
		attempts += 1;
		if (attempts <= refusals) throw new Error("connection refused");
		const closed = Promise.withResolvers<string>();
		const one: Opened = { options, written: [], closed: false, pending: 0, end: closed.resolve };
		opened.push(one);
		for (const go of waiting.splice(0)) setImmediate(go);
		return {
			write: ({ pts }) => one.written.push(pts),
			get pending() {
				return one.pending;
			},
			close: () => {
				one.closed = true;
				closed.resolve("closed");
			},
			closed: closed.promise,
		};
	};
	const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
	return { opened, open, next };
}

function publishing(open: OpenPublisher, requestKeyFrame = () => undefined): Publishing {
	return new Publishing({ url: "x", transport: "tcp", open, log, random: () => 0, requestKeyFrame });
}

test("publishing: tries again after refusals and after the connection's end, each time from a key frame", async () => {
	const { opened, open, next } = relay(1);
	let asked = 0;
	const camera = publishing(open, () => {
		asked += 1;
	});
	const first = next();
	camera.take(frame(0, true), track);
	await first;
	camera.take(frame(1, false), track);
	assert.equal(asked, 1);
	camera.take(frame(2, true), track);
	camera.take(frame(3, false), track);
	const second = next();
	opened[0]!.end("the relay restarts");
	await second;
	camera.take(frame(4, false), track);
	camera.take(frame(5, true), track);
	assert.deepEqual(
		opened.map(({ written }) => written),
		[[2, 3], [5]],
	);
	opened[1]!.options.onKeyFrameRequest();
	assert.equal(asked, 3);
	await camera.stop();
	assert.ok(opened[1]!.closed);
	camera.take(frame(6, true), track);
	assert.deepEqual(opened[1]!.written, [5]);
});

test("publishing: stops while it connects and before the first frame", async () => {
	const never: OpenPublisher = (_url, _tracks, { signal }) =>
		new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
	const camera = publishing(never);
	camera.take(frame(0, true), track);
	await camera.stop();
	await publishing(never).stop();
});
