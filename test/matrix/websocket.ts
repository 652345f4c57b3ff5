import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Program } from "../peers/rtsp-programs.ts";
import { decode } from "./decode.ts";
import { owning } from "./owning.ts";

/** Reads frames by WebSocket, as a browser does, and gives what comes to ffmpeg as one fragmented MP4. */
export async function playWebSocket(url: string, sound: boolean): Promise<Program> {
	await using parts = new AsyncDisposableStack();
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	parts.defer(() => void server.close());
	const { port } = server.address() as AddressInfo;
	const decoder = parts.use(decode(["-f", "mp4", "-i", `tcp://127.0.0.1:${port}`], sound));
	const [player] = (await once(server, "connection")) as [Socket];
	// ffmpeg hangs up when it has enough.
	player.on("error", () => undefined);
	parts.defer(() => void player.destroy());
	const socket = new WebSocket(url, ["vedette"]);
	socket.binaryType = "arraybuffer";
	parts.defer(() => socket.close());
	socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
		if (typeof data !== "string" && player.writable) player.write(Buffer.from(data));
	};
	socket.onclose = () => player.end();
	return owning(decoder, parts);
}
