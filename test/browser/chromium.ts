import { type Browser, chromium, type Page } from "playwright-core";
import type { VedettePlayer } from "../../web/player/player.ts";
import { peer } from "../support/peers.ts";

const ARGUMENTS = [
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
	"--no-first-run",
];

/** The system's Chromium without a window. */
export function launchChromium(): Promise<Browser> {
	return chromium.launch({ executablePath: peer("chromium") ?? "chromium", args: ARGUMENTS });
}

/** Waits until the page's player is in a state; rejects with the state it is in instead. */
export async function waitForState(page: Page, state: VedettePlayer["state"], timeout = 10_000): Promise<void> {
	const player = page.locator("vedette-player");
	await player.waitFor({ timeout });
	const reached = await player.evaluate(
		(element: VedettePlayer, [wanted, limit]) =>
			new Promise<string>((resolve) => {
				const check = () => {
					if (element.state !== wanted && performance.now() < end) return;
					clearInterval(timer);
					resolve(element.state);
				};
				const end = performance.now() + limit;
				const timer = setInterval(check, 20);
				check();
			}),
		[state, timeout] as const,
	);
	if (reached !== state) throw new Error(`The player is ${reached} after ${timeout} ms, not ${state}.`);
}

/** Pictures per second that the page's player hands to the screen, over at least so many milliseconds. */
export function pictureRate(page: Page, duration: number): Promise<number> {
	return page.locator("vedette-player").evaluate(
		({ video }: VedettePlayer, limit) =>
			new Promise<number>((resolve) => {
				let first: { at: number; frames: number } | undefined;
				const next = (_: number, { presentationTime, presentedFrames }: VideoFrameCallbackMetadata) => {
					first ??= { at: presentationTime, frames: presentedFrames };
					const passed = presentationTime - first.at;
					if (passed < limit) return void video.requestVideoFrameCallback(next);
					resolve(((presentedFrames - first.frames) * 1000) / passed);
				};
				video.requestVideoFrameCallback(next);
			}),
		duration,
	);
}

/** Pictures as they are shown: Unix milliseconds of the moment that they could be read, and the pixels, scaled down, as RGBA in base64. */
export interface Shown {
	readonly at: number;
	readonly pixels: string;
}

/** The next pictures that the page's player shows. */
export function lookAt(page: Page, pictures: number, width: number, height: number): Promise<Shown[]> {
	return page.locator("vedette-player").evaluate(
		({ video }: VedettePlayer, [count, w, h]) =>
			new Promise<{ at: number; pixels: string }[]>((resolve) => {
				const canvas = new OffscreenCanvas(w, h);
				const context = canvas.getContext("2d", { willReadFrequently: true });
				const shown: { at: number; data: Uint8ClampedArray }[] = [];
				const next = () => {
					context?.drawImage(video, 0, 0, w, h);
					// Only now are the pixels here; the callback's own time is that of the screen's frame, which may be earlier.
					const data = context?.getImageData(0, 0, w, h).data;
					if (data) shown.push({ at: Date.now(), data });
					if (shown.length < count) return void video.requestVideoFrameCallback(next);
					resolve(
						shown.map(({ at, data: bytes }) => ({
							at,
							pixels: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")),
						})),
					);
				};
				video.requestVideoFrameCallback(next);
			}),
		[pictures, width, height] as const,
	);
}
