import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { parse } from "yaml";
import { parsePathName } from "../../src/media/path-name.ts";
import { needs, peer } from "../support/peers.ts";
import { freeUdpPorts } from "../support/ports.ts";
import { here, type Places } from "../support/recipe-here.ts";
import { blockOf, blocksOf } from "../support/recipe-page.ts";
import { type RecipeRun, recipeRuns } from "../support/recipe-runs.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { exitCode, ffplayClock, type Program, run } from "./rtsp-programs.ts";

const PATIENCE_MS = 20_000;
const PICTURES = 30;
/** What decoders say of pictures that are not whole. */
const broken = /concealing|error while decoding|corrupt|Invalid data|missing picture|Could not find ref/i;

interface Settings {
	readonly access?: { readonly users?: readonly { name: string; password: string; allow: readonly string[] }[] };
	readonly paths?: Record<string, { sdp?: string }>;
}

/** Many relays begin and end in this process, and what they hold goes back late: they get by with little. */
const limits = { cacheSize: "32 MiB" };

/** What the runs of a page share. */
const folder = mkdtempSync(join(tmpdir(), "vedette-recipes-"));

/** Waits until `ready`. */
async function until(ready: () => unknown, what: () => string): Promise<void> {
	for (const end = performance.now() + PATIENCE_MS; !ready(); await pause(20)) {
		if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what()}`);
	}
}

/** Waits until pictures of a path can be had. */
function live({ relay }: TestRelay, name: string, what: () => string): Promise<void> {
	return until(() => {
		const path = relay.hub.path(parsePathName(name)!);
		return path?.publication && path.stream?.tracks.some((_, index) => path.stream?.keyFrame(index));
	}, what);
}

/** A text as it stands in the page, in a shell of this machine. */
function shell(text: string, places: Places): Program {
	return run("sh", ["-c", `cd ${folder} && ${here(text, places)}`]);
}

/** `rtsp://NAME:PASSWORD@127.0.0.1:PORT/PATH` of the first user who may do so. */
function login(url: string, path: string, action: string, { access }: Settings): string {
	const user = access?.users?.find(({ allow }) => allow.includes(action));
	return `${user ? url.replace("//", `//${user.name}:${user.password}@`) : url}/${path}`;
}

/** Publishes a film as it is. */
function publishFilm(url: string): Program {
	const film = ["-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", join(folder, "film.mp4")];
	return run("ffmpeg", [...film, "-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp", url]);
}

/** ffmpeg decodes what comes from the address or file, and has nothing to say. */
async function decodes(from: readonly string[]): Promise<void> {
	const out = ["-map", "0:v", "-fps_mode", "passthrough", "-frames:v", `${PICTURES}`, "-f", "framemd5", "-"];
	await using ffmpeg = run("ffmpeg", ["-nostdin", "-loglevel", "warning", ...from, ...out]);
	assert.equal(await ffmpeg.exit(PATIENCE_MS), 0, ffmpeg.text());
	assert.doesNotMatch(ffmpeg.text(), broken);
	const pictures = ffmpeg.output().toString().match(/^0, /gm)?.length;
	assert.equal(pictures, PICTURES);
}

/** What shows that a command does what it should, by its first word. */
const proofs: Readonly<Record<string, (program: Program, command: string) => Promise<void>>> = {
	curl: async (program) => {
		assert.equal(await program.exit(PATIENCE_MS), 0, program.text());
		assert.match(program.output().toString(), /^[{#]/);
	},
	ffplay: async (program) => {
		await until(() => (ffplayClock(program) ?? 0) > 1, program.text);
		assert.doesNotMatch(program.text(), broken);
	},
	"gst-launch-1.0": async (program) => assert.equal(await exitCode(program, PATIENCE_MS), 0, program.text()),
	vlc: async (program) => {
		assert.equal(await program.exit(PATIENCE_MS), 0, program.text());
		assert.ok(program.output().length > 5000, program.text());
	},
	ffmpeg: async (program, command) => {
		assert.equal(await program.exit(PATIENCE_MS), 0, program.text());
		assert.doesNotMatch(program.text(), broken);
		const file = join(folder, command.trim().split(/\s+/).at(-1)!);
		assert.ok(statSync(file).size > 1000);
		if (file.endsWith(".mp4")) await decodes(["-i", file]);
	},
	"srt-live-transmit": async (program, command) => {
		const file = join(folder, command.trim().split(/\s+/).at(-1)!);
		await until(() => existsSync(file) && statSync(file).size > 150_000, program.text);
		await program.interrupt();
		await decodes(["-i", file]);
	},
};

/** The relay that the recipe describes, and where things are for its commands. */
async function follow(recipe: RecipeRun, parts: AsyncDisposableStack) {
	const udp = await freeUdpPorts([0, 1]);
	const cameraRelay = recipe.camera === undefined ? undefined : parts.use(await startTestRelay({ limits }));
	if (cameraRelay) {
		const film = parts.use(publishFilm(`${cameraRelay.rtspUrl}/${recipe.camera}`));
		await live(cameraRelay, recipe.camera!, film.text);
	}
	const camera = cameraRelay?.relay.ports.rtsp[0] ?? 0;
	const blind = { rtsp: 0, rtmp: 0, srt: 0, http: 0, udp, camera };
	for (const { language, name, text } of blocksOf(recipe.page)) {
		if (language === "sdp") writeFileSync(join(folder, name), here(text, blind));
	}
	const settings = parse(here(blockOf(recipe.page, recipe.config), blind)) as Settings & Record<string, object>;
	for (const path of Object.values(settings.paths ?? {})) if (path.sdp) path.sdp = join(folder, path.sdp);
	const access = settings.access ? { anonymous: [], ...settings.access } : {};
	const relay = parts.use(await startTestRelay({ ...settings, access, limits }));
	const { ports } = relay.relay;
	const places = { rtsp: ports.rtsp[0]!, rtmp: ports.rtmp[0]!, srt: ports.srt[0]!, http: ports.http[0]!, udp, camera };
	return { relay, settings, places };
}

async function prove(recipe: RecipeRun): Promise<void> {
	await using parts = new AsyncDisposableStack();
	const { relay, settings, places } = await follow(recipe, parts);
	if (recipe.before !== undefined) parts.use(shell(blockOf(recipe.page, recipe.before), places));
	const pulls = recipe.camera !== undefined && recipe.publish === undefined;
	const publisher = pulls
		? undefined
		: parts.use(
				recipe.publish === undefined
					? publishFilm(login(relay.rtspUrl, recipe.path, "publish", settings))
					: shell(blockOf(recipe.page, recipe.publish), places),
			);
	await live(relay, recipe.path, () => publisher?.text() ?? "the pull");
	const watch = login(relay.rtspUrl, recipe.path, "read", settings);
	const checks = recipe.plays.map(async (name) => {
		const command = blockOf(recipe.page, name);
		await using program = shell(command, places);
		await proofs[command.split(" ")[0]!]!(program, command);
	});
	await Promise.all([decodes(["-rtsp_transport", "tcp", "-i", watch]), ...checks]);
	assert.ok(publisher?.running ?? true, publisher?.text());
}

suite("the recipes' commands", { concurrency: 2 }, () => {
	before(() => {
		if (!peer("ffmpeg")) return;
		const film = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-f", "lavfi", "-i", "sine=sample_rate=48000"];
		const codecs = [
			"-c:v",
			"libx264",
			"-preset",
			"ultrafast",
			"-tune",
			"zerolatency",
			"-pix_fmt",
			"yuv420p",
			"-g",
			"30",
		];
		const out = ["-c:a", "aac", "-t", "30", join(folder, "film.mp4")];
		execFileSync(peer("ffmpeg")!, ["-loglevel", "error", ...film, ...codecs, ...out]);
	});
	after(() => rmSync(folder, { recursive: true, force: true }));
	for (const recipe of recipeRuns) {
		const what = [recipe.publish, ...recipe.plays].filter((one) => one !== undefined).join(", ");
		test(`${recipe.page}: ${what}`, { timeout: 60_000 }, async (t) => {
			if (!needs(t, "ffmpeg", ...(recipe.needs ?? []))) return;
			await prove(recipe);
		});
	}
});
