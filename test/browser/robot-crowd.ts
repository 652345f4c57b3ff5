import { connectAsync } from "mqtt";

/** So many robots with a camera each that say that they are there, over one connection. */
export async function startCrowd(url: string, count: number): Promise<AsyncDisposable> {
	const mqtt = await connectAsync(url, { protocolVersion: 5 });
	for (let at = 0; at < count; at++) {
		const birth = { state: "online", session: `session-${at}`, cameras: ["front"] };
		await mqtt.publishAsync(`vedette/robot-${at}/available`, JSON.stringify(birth), { retain: true });
	}
	return { [Symbol.asyncDispose]: () => mqtt.endAsync(true) };
}
