/**
 * Draws one-frame MP4 files into canvases: one after the other through one hidden video element, because a video element
 * per card would hold a decoder per card, and phones have few.
 */

const LOAD_MS = 4000;
const MOST_WIDTH = 640;

let turn: Promise<unknown> = Promise.resolve();
let loader: HTMLVideoElement | null = null;

/** Draws the picture at `url` when its turn comes; false where there is none or this browser cannot decode it. */
export function drawThumbnail(url: string, canvas: HTMLCanvasElement): Promise<boolean> {
	const work = turn.then(() => draw(url, canvas));
	turn = work.catch(() => undefined);
	return work;
}

async function draw(url: string, canvas: HTMLCanvasElement): Promise<boolean> {
	loader ??= makeLoader();
	const video = loader;
	const shown = new Promise<boolean>((resolve) => {
		video.onerror = () => resolve(false);
		setTimeout(resolve, LOAD_MS, false);
		// Loaded is not yet decoded: only this callback says that there is a picture to draw.
		video.requestVideoFrameCallback(() => resolve(true));
	});
	video.src = url;
	// Safari shows a first picture only of a video that plays; elsewhere the promise may be rejected as the file ends at once.
	video.play().catch(() => undefined);
	const ok = (await shown) && video.videoWidth > 0;
	if (ok) {
		const scale = Math.min(1, MOST_WIDTH / video.videoWidth);
		canvas.width = Math.round(video.videoWidth * scale);
		canvas.height = Math.round(video.videoHeight * scale);
		canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
	}
	video.removeAttribute("src");
	video.load();
	return ok;
}

function makeLoader(): HTMLVideoElement {
	const video = document.createElement("video");
	video.muted = true;
	video.playsInline = true;
	video.preload = "auto";
	return video;
}
