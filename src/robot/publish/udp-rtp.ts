import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { asksForKeyFrame } from "../../wire/rtcp.ts";
import { compound, writeBye, writeReceiverReport } from "../../wire/rtcp-write.ts";
import type { Publisher, PublishOptions } from "./publisher.ts";
import { RtpStream } from "./rtp-stream.ts";

const SEND_BYTES = 1_048_576;

/**
 * Publishes by plain RTP over UDP: an `OpenPublisher` for udp+rtp:// addresses. Nobody answers to that, so that it
 * succeeds where the address can be found. RTCP goes to the same port (RFC 5761). One track: there is no description
 * that would tell them apart.
 */
export async function openUdpRtp(
	url: string,
	tracks: readonly Track[],
	{ signal, onKeyFrameRequest }: PublishOptions,
): Promise<Publisher> {
	const socket = await connect(new URL(url), signal);
	const { promise: closed, resolve } = Promise.withResolvers<string>();
	const stream = new RtpStream(tracks[0]!, "vedette", {
		rtp: (packet) => socket.send(packet),
		rtcp: (packet) => socket.send(packet),
	});
	let open = true;
	const end = (reason: string): void => {
		if (!open) return;
		open = false;
		signal.removeEventListener("abort", leave);
		socket.close();
		resolve(reason);
	};
	const leave = (): void => {
		if (!open) return;
		socket.send(compound(writeReceiverReport(stream.ssrc, []), writeBye(stream.ssrc)), () => end("the robot leaves"));
	};
	socket.on("message", (packet) => {
		if (asksForKeyFrame(packet)) onKeyFrameRequest();
	});
	socket.on("error", (error: NodeJS.ErrnoException) => {
		// Nobody awaits packets there at the moment: the relay may come back.
		if (error.code === "ECONNREFUSED") return;
		end(error.message);
	});
	signal.addEventListener("abort", leave);
	return {
		write: (frame: Frame) => {
			if (open) stream.write(frame);
		},
		get pending() {
			return open ? socket.getSendQueueSize() : 0;
		},
		close: leave,
		closed,
	};
}

/** A socket that sends to the address and hears nobody else. */
async function connect({ hostname, port }: URL, signal: AbortSignal): Promise<Socket> {
	const { address, family } = await lookup(hostname.replace(/^\[|\]$/g, ""));
	signal.throwIfAborted();
	const socket = createSocket({ type: family === 6 ? "udp6" : "udp4", sendBufferSize: SEND_BYTES });
	try {
		socket.connect(Number(port), address);
		await once(socket, "connect", { signal });
		return socket;
	} catch (error) {
		socket.close();
		throw error;
	}
}
