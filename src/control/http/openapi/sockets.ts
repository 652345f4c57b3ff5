import { refused, upgraded } from "./answers.ts";
import type { Operation } from "./operation.ts";
import { wake } from "./watching.ts";

export const mqttOperation = {
	id: "mqtt",
	path: "/mqtt",
	tag: "Signaling",
	summary: "MQTT over WebSocket",
	description: "Subprotocol `mqtt`, MQTT 3.1.1 and 5. The broker asks who it is.",
	answers: { ...upgraded("MQTT"), 404: refused("The broker is not the relay's own") },
} as const satisfies Operation;

/** WebRTC's signaling at one address. */
export function signalingOperation(path: string): Operation {
	return {
		id: path === "/one2many" ? "signalingLikeKurento" : "signaling",
		path,
		tag: "Signaling",
		summary: "WebRTC's signaling over WebSocket",
		description:
			'JSON messages: `{"type":"viewer","cameraId":…,"streamId":…,"sdpOffer":…}` is answered with `{"type":"viewerResponse","sdpAnswer":…,"viewerId":…}`, `{"id":"viewer","sdpOffer":…}` with `{"id":"viewerResponse","response":"accepted","sdpAnswer":…}`. Candidates, `stop` and `ping` go the same way. A viewer needs the right `read`, a presenter `publish`: by cookie, `Authorization`, or `token` in any message.',
		parameters: [
			{
				name: "camera",
				in: "query",
				description: "The camera of a client that names none in its messages.",
				schema: { type: "string" },
			},
			wake,
		],
		answers: upgraded("Signaling"),
	};
}
