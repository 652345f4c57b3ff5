import type { Page } from "playwright-core";

/** Milliseconds from asking a WHEP address to the first picture that is shown; −1 where none comes within 10 s. */
export function firstPicture(page: Page, url: string): Promise<number> {
	return page.evaluate(async (address) => {
		const began = performance.now();
		const peer = new RTCPeerConnection();
		peer.addTransceiver("video", { direction: "recvonly" });
		const video = document.createElement("video");
		video.muted = true;
		document.body.append(video);
		peer.ontrack = ({ track }) => {
			video.srcObject = new MediaStream([track]);
			setTimeout(() => video.play().catch(() => undefined), 0);
		};
		const shown = new Promise<number>((resolve) => {
			video.requestVideoFrameCallback(() => resolve(performance.now() - began));
			setTimeout(() => resolve(-1), 10_000);
		});
		await peer.setLocalDescription();
		const headers = { "Content-Type": "application/sdp" };
		const answer = await fetch(address, { method: "POST", headers, body: peer.localDescription?.sdp ?? "" });
		await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
		const time = await shown;
		peer.close();
		video.remove();
		await fetch(new URL(answer.headers.get("Location") ?? "", address), { method: "DELETE" });
		return time;
	}, url);
}

/** One picture as it was shown. All times are Unix milliseconds. */
export interface ShownPicture {
	/** When the page could read its pixels. */
	readonly at: number;
	/** When its last packet had come. */
	readonly received: number;
	/** What the decoder took, in ms. */
	readonly decode: number;
	/** RGBA, in base64. */
	readonly pixels: string;
}

/** What a page saw of a stream. */
export interface Watched {
	readonly pictures: readonly ShownPicture[];
	/** Mean time of a picture in the jitter buffer, in ms. */
	readonly jitterBufferMs: number;
}

export interface WatchWish {
	readonly url: string;
	readonly pictures: number;
	/** The pixels are scaled to this size. */
	readonly width: number;
	readonly height: number;
}

/** Watches a stream and gives its pictures, after two seconds in which it settles. */
export function watch(page: Page, wish: WatchWish): Promise<Watched> {
	return page.evaluate(async ({ url, pictures, width, height }) => {
		const peer = new RTCPeerConnection();
		peer.addTransceiver("video", { direction: "recvonly" });
		const video = document.createElement("video");
		video.muted = true;
		document.body.append(video);
		peer.ontrack = ({ track }) => {
			video.srcObject = new MediaStream([track]);
			setTimeout(() => video.play().catch(() => undefined), 0);
		};
		await peer.setLocalDescription();
		const headers = { "Content-Type": "application/sdp" };
		const answer = await fetch(url, { method: "POST", headers, body: peer.localDescription?.sdp ?? "" });
		await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
		const buffered = async () => {
			const report = [...(await peer.getStats()).values()].find(({ type }) => type === "inbound-rtp");
			return { delay: Number(report?.jitterBufferDelay), count: Number(report?.jitterBufferEmittedCount) };
		};
		await new Promise((resolve) => setTimeout(resolve, 2000));
		const before = await buffered();
		const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
		const seen: { at: number; received: number; decode: number; data: Uint8ClampedArray }[] = [];
		await new Promise<void>((resolve) => {
			const next = (_: number, { receiveTime = 0, processingDuration = 0 }: VideoFrameCallbackMetadata) => {
				const at = performance.timeOrigin + performance.now();
				context?.drawImage(video, 0, 0, width, height);
				const data = context?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
				seen.push({ at, received: performance.timeOrigin + receiveTime, decode: processingDuration * 1000, data });
				if (seen.length < pictures) video.requestVideoFrameCallback(next);
				else resolve();
			};
			video.requestVideoFrameCallback(next);
		});
		const after = await buffered();
		peer.close();
		return {
			jitterBufferMs: ((after.delay - before.delay) / (after.count - before.count)) * 1000,
			pictures: seen.map(({ data, ...times }) => ({
				...times,
				pixels: btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join("")),
			})),
		};
	}, wish);
}
