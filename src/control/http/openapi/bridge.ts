import { json, refused } from "./answers.ts";
import type { Operation, Parameter } from "./operation.ts";
import { number, object, oneOf, text } from "./schema.ts";

const query = (name: string, description: string): Parameter => ({
	...{ name, in: "query", description },
	schema: { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" },
});

/** `POST /stream/start` or `/stream/stop`. */
export function bridgeOperation(word: "start" | "stop"): Operation {
	return {
		id: word === "start" ? "publishStart" : "publishStop",
		path: `/stream/${word}`,
		tag: "Bridge",
		summary: word === "start" ? "Tell a robot to start" : "Tell a robot to stop",
		description: `Publishes \`${word}\` on the topic that \`mqtt.topics\` maps first, or \`robot/stream\`; with both \`robot\` and \`camera\` the same is asked of that one.`,
		right: "control",
		parameters: [query("robot", "The robot's name."), query("camera", "Its camera's name.")],
		answers: {
			200: {
				description: "It was said",
				content: json(object({ msg: { const: `Published ${word}` } })),
			},
			400: refused("Not the name of a camera, or one of the two is missing"),
			404: refused("There is no such camera"),
			409: refused("The camera is always on"),
			503: refused("The broker is away, or the relay runs without MQTT"),
		},
	};
}

const bound = (description: string) => number(`${description} kbit/s, where somebody set it.`);

export const pollingOperation = {
	id: "askWhatIsWanted",
	path: "/control/{robot}/{camera}",
	tag: "Bridge",
	summary: "What a robot's camera ought to do",
	description:
		"For robots that may speak nothing but HTTP. With the last answer's `ETag` and `Prefer: wait=25` the answer comes when something else is wanted, or as 304 after 25 s. A robot that has not asked for 60 s is offline.",
	right: "publish",
	parameters: [
		{
			name: "If-None-Match",
			in: "header",
			description: "The last answer's `ETag`.",
			schema: text("", { examples: ['"3"'] }),
		},
		{
			name: "Prefer",
			in: "header",
			description: "How long to wait for something new, at most 60 s.",
			schema: text("", { examples: ["wait=25"] }),
		},
	],
	answers: {
		200: {
			description: "What is wanted",
			content: json(
				object(
					{ want: oneOf(["start", "stop"], "What to do.") },
					{ maxBitrate: bound("The most."), minBitrate: bound("The least.") },
				),
			),
			headers: { ETag: "Names what is wanted." },
		},
		304: { description: "Nothing new" },
		400: refused("Not the name of a camera"),
	},
} as const satisfies Operation;
