import type { Page } from "playwright-core";

/** What a page saw while it played for some time. */
export interface Played {
	/** From asking until the first picture was there to be shown, in ms. */
	readonly firstFrameMs: number;
	/** Pictures shown after the first: fewer than came where the machine is busy. */
	readonly frames: number;
	/** Pictures that came whole in the same time. */
	readonly received: number;
	readonly seconds: number;
	readonly width: number;
	readonly packetsLost: number;
	readonly nacks: number;
	readonly framesDropped: number;
	/** `udp` or `tcp`, of the candidate pair in use. */
	readonly protocol: string;
	readonly localType: string;
	readonly codec: string;
	readonly audioPackets: number;
}

export interface PlayOptions {
	readonly seconds: number;
	/** Candidates of the answer that the page is allowed to see. */
	readonly only?: "udp" | "tcp";
	readonly configuration?: RTCConfiguration;
	/** A port that stands for the relay's in the answer. */
	readonly port?: number;
}

/** Begins to play in the page: `window.pc` and `window.session` are there afterwards. Returns the answer's status. */
export function beginPlaying(page: Page, url: string, options: Omit<PlayOptions, "seconds">): Promise<number> {
	return page.evaluate(
		async ({ url, only, configuration, port }) => {
			const global = globalThis as unknown as Record<string, unknown>;
			const pc = new RTCPeerConnection(configuration ?? {});
			pc.addTransceiver("video", { direction: "recvonly" });
			pc.addTransceiver("audio", { direction: "recvonly" });
			const video = document.querySelector("video") as HTMLVideoElement;
			const stream = new MediaStream();
			pc.ontrack = (event) => stream.addTrack(event.track);
			video.srcObject = stream;
			const asked = performance.now();
			global.pc = pc;
			global.first = new Promise<number>((resolve) => {
				video.requestVideoFrameCallback((now) => resolve(now - asked));
			});
			await pc.setLocalDescription();
			if (configuration) {
				await new Promise<void>((resolve) => {
					pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && resolve();
					if (pc.iceGatheringState === "complete") resolve();
				});
			}
			const headers = { "Content-Type": "application/sdp" };
			const response = await fetch(url, { method: "POST", headers, body: pc.localDescription?.sdp ?? "" });
			let sdp = await response.text();
			if (response.status !== 201) {
				global.refusal = sdp;
				return response.status;
			}
			global.session = { url: response.headers.get("Location"), etag: response.headers.get("ETag") };
			if (only) {
				sdp = sdp
					.split("\r\n")
					.filter((line) => !line.startsWith("a=candidate") || line.includes(` ${only} `))
					.join("\r\n");
			}
			if (port) sdp = sdp.replaceAll(/(a=candidate:\S+ 1 udp \S+ \S+) \d+/g, `$1 ${port}`);
			await pc.setRemoteDescription({ type: "answer", sdp });
			setTimeout(() => void video.play().catch(() => undefined), 0);
			return response.status;
		},
		{ url, only: options.only, configuration: options.configuration, port: options.port },
	);
}

/** Watches what plays for so many seconds after its first picture. */
export function watchPlaying(page: Page, seconds: number): Promise<Played> {
	return page.evaluate(async (duration) => {
		const global = globalThis as unknown as { pc: RTCPeerConnection; first: Promise<number> };
		const { pc } = global;
		const video = document.querySelector("video") as HTMLVideoElement;
		const limit = new Promise<never>((_, reject) => {
			setTimeout(() => reject(new Error(`no picture: ${pc.iceConnectionState} ${pc.connectionState}`)), 10_000);
		});
		const firstFrameMs = await Promise.race([global.first, limit]);
		const inboundVideo = async () => {
			for (const one of (await pc.getStats()).values())
				if (one.type === "inbound-rtp" && one.kind === "video") return one;
			return {};
		};
		const before = (await inboundVideo()).framesReceived ?? 0;
		let frames = 0;
		const begin = performance.now();
		const next = () => {
			frames++;
			video.requestVideoFrameCallback(next);
		};
		video.requestVideoFrameCallback(next);
		await new Promise((resolve) => setTimeout(resolve, duration * 1000));
		const elapsed = (performance.now() - begin) / 1000;
		const stats = [...(await pc.getStats()).values()];
		const of = (type: string, kind?: string) => stats.find((one) => one.type === type && (!kind || one.kind === kind));
		const inbound = of("inbound-rtp", "video") ?? {};
		const received = (inbound.framesReceived ?? 0) - before;
		const transport = of("transport");
		const pair = stats.find((one) => one.id === transport?.selectedCandidatePairId);
		const remote = stats.find((one) => one.id === pair?.remoteCandidateId);
		const local = stats.find((one) => one.id === pair?.localCandidateId);
		return {
			firstFrameMs,
			frames,
			received,
			seconds: elapsed,
			width: video.videoWidth,
			packetsLost: inbound.packetsLost ?? -1,
			nacks: inbound.nackCount ?? -1,
			framesDropped: inbound.framesDropped ?? -1,
			protocol: remote?.protocol ?? "",
			localType: local?.candidateType ?? "",
			codec: stats.find((one) => one.id === inbound.codecId)?.mimeType ?? "",
			audioPackets: of("inbound-rtp", "audio")?.packetsReceived ?? 0,
		};
	}, seconds);
}

/** Begins to play and watches. Throws where the offer is refused. */
export async function play(page: Page, url: string, { seconds, ...options }: PlayOptions): Promise<Played> {
	const status = await beginPlaying(page, url, options);
	if (status !== 201) throw new Error(`status ${status}`);
	return watchPlaying(page, seconds);
}

interface PublishOptions {
	/** Of the relay, in place of the one that it names. */
	readonly port?: number;
	/** The only one that is offered: `video/AV1`. */
	readonly codec?: string;
}

/** Publishes a drawn picture and a tone by WHIP: `window.pc` is there afterwards. Returns the answer's status. */
export function publish(page: Page, url: string, { port, codec }: PublishOptions = {}): Promise<number> {
	return page.evaluate(
		async ({ url, port, codec }) => {
			const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
			const context = canvas.getContext("2d");
			let count = 0;
			setInterval(() => {
				if (!context) return;
				context.fillStyle = `hsl(${(count++ * 3) % 360} 80% 50%)`;
				context.fillRect(0, 0, 640, 360);
			}, 33);
			const pc = new RTCPeerConnection();
			const audio = new AudioContext();
			const tone = audio.createOscillator();
			const sound = audio.createMediaStreamDestination();
			tone.connect(sound);
			tone.start();
			for (const track of [...canvas.captureStream(30).getTracks(), ...sound.stream.getTracks()]) {
				const transceiver = pc.addTransceiver(track, { direction: "sendonly" });
				if (track.kind !== "video" || !codec) continue;
				const known = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
				transceiver.setCodecPreferences(known.filter(({ mimeType }) => mimeType === codec));
			}
			await pc.setLocalDescription();
			const headers = { "Content-Type": "application/sdp" };
			const response = await fetch(url, { method: "POST", headers, body: pc.localDescription?.sdp ?? "" });
			let sdp = await response.text();
			if (port) sdp = sdp.replaceAll(/(a=candidate:\S+ 1 udp \S+ \S+) \d+/g, `$1 ${port}`);
			if (response.status === 201) await pc.setRemoteDescription({ type: "answer", sdp });
			Object.assign(globalThis, { pc });
			return response.status;
		},
		{ url, port, codec },
	);
}

/** Restarts ICE in the page by PATCH; returns its status. */
export function restartIce(page: Page): Promise<number> {
	return page.evaluate(async () => {
		const { pc, session } = globalThis as unknown as { pc: RTCPeerConnection; session: { url: string } };
		await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
		const pick = (sdp: string, name: string) => new RegExp(`a=${name}:(\\S+)`).exec(sdp)?.[1] ?? "";
		const offer = pc.localDescription?.sdp ?? "";
		const body = `a=ice-ufrag:${pick(offer, "ice-ufrag")}\r\na=ice-pwd:${pick(offer, "ice-pwd")}\r\n`;
		const headers = { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*" };
		const response = await fetch(session.url, { method: "PATCH", headers, body });
		const fragment = await response.text();
		const sdp = (pc.currentRemoteDescription?.sdp ?? "")
			.replaceAll(/a=ice-ufrag:.*/g, `a=ice-ufrag:${pick(fragment, "ice-ufrag")}`)
			.replaceAll(/a=ice-pwd:.*/g, `a=ice-pwd:${pick(fragment, "ice-pwd")}`);
		await pc.setRemoteDescription({ type: "answer", sdp });
		return response.status;
	});
}
