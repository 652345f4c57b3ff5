import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";

/** What shows that a package is installed: a program, a GStreamer element, or a file. */
export type Proof = `program ${string}` | `element ${string}` | `file ${string}`;

/** The Debian packages that the tests use, and the proof of each. `scripts/test.ts` installs those that are missing. */
export const packages: Readonly<Record<string, Proof>> = {
	ffmpeg: "program ffmpeg",
	"gstreamer1.0-tools": "program gst-launch-1.0",
	"gstreamer1.0-plugins-base": "element appsrc",
	"gstreamer1.0-plugins-good": "element rtspsrc",
	"gstreamer1.0-plugins-bad": "element webrtcbin",
	"gstreamer1.0-plugins-ugly": "element x264enc",
	"gstreamer1.0-libav": "element avdec_h264",
	"gstreamer1.0-nice": "element nicesrc",
	"gstreamer1.0-rtsp": "element rtspclientsink",
	chromium: "program chromium",
	"firefox-esr": "program firefox-esr",
	coturn: "program turnserver",
	"srt-tools": "program srt-live-transmit",
	mosquitto: "program mosquitto",
	"mosquitto-clients": "program mosquitto_pub",
	iproute2: "program ip",
	"fonts-dejavu-core": "file /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
};

/** Peers that Debian's stable release does not have are unpacked below this folder by the test set-up. */
export const unpacked = join(import.meta.dirname, "../../.cache/peers");

/** Whether a missing peer is a failure: then nothing may be skipped. */
const strict = process.env.CI === "true";

/**
 * The path of a peer program, or undefined where it is not installed. Under `CI=true` a missing one throws.
 */
export function peer(name: string): string | undefined {
	const path = find(name);
	if (!path && strict) throw new Error(`The peer ${name} is not installed; under CI=true nothing is skipped.`);
	return path;
}

/**
 * Skips the test, with the reason, where one of these peers is missing, and tells whether to go on:
 * `if (!needs(t, "ffmpeg", "element x264enc")) return;`. A name is a program's, or `element NAME` of GStreamer.
 * Under `CI=true` a missing peer throws.
 */
export function needs(t: TestContext, ...names: string[]): boolean {
	const missing = names.filter((name) => !present(name));
	if (missing.length === 0) return true;
	if (strict) throw new Error(`Not installed: ${missing.join(", ")}; under CI=true nothing is skipped.`);
	t.skip(`not installed: ${missing.join(", ")}`);
	return false;
}

/**
 * The `skip` of tests that this machine cannot run: the reason why not, or false where there is none. Under `CI=true` a
 * reason throws.
 */
export function skipFor(reason: string | undefined): string | false {
	if (reason !== undefined && process.env.CI === "true")
		throw new Error(`${reason}; under CI=true nothing is skipped.`);
	return reason ?? false;
}

/** Whether a program, `element NAME` or `file PATH` is there. */
export function present(what: string): boolean {
	if (what.startsWith("file ")) return existsSync(what.slice(5));
	if (what.startsWith("element ")) return hasElement(what.slice(8));
	return find(what.replace(/^program /, "")) !== undefined;
}

function find(name: string): string | undefined {
	const folders = [join(unpacked, "bin"), ...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
	return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

function hasElement(name: string): boolean {
	const inspect = find("gst-inspect-1.0");
	if (!inspect) return false;
	try {
		// Without a version it wants the element to be as new as GStreamer itself, which libnice's are not.
		execFileSync(inspect, ["--exists", "--atleast-version=0.0", name], { stdio: "ignore" });
		return true;
	} catch {
		return false;
	}
}
