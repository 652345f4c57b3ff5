import { json, refused, told } from "./answers.ts";
import type { Operation } from "./operation.ts";
import { count, list, object, ref } from "./schema.ts";

const unknown = refused("There is no camera of this id");
const idle = refused("No such camera, or it is not active");

/** What `cameraRoutes` serves. */
export const cameraOperations = {
	start: {
		id: "startCamera",
		path: "/streams/{id}/start",
		tag: "Cameras",
		summary: "Start a camera",
		description:
			"Answers as soon as pictures come. Without viewers the start lapses after 300 s. Where the camera runs already, this renews its hold, and the newest bounds count.",
		right: "control",
		body: { content: json(ref("Bandwidth")) },
		answers: {
			201: told("CameraRun", "Pictures come"),
			400: refused("Not a body of this kind"),
			404: unknown,
			409: told("Busy", "It is starting or active, or always on"),
			500: refused("No pictures for 30 s, or somebody stopped it"),
		},
	},
	stop: {
		id: "stopCamera",
		path: "/streams/{id}/stop",
		tag: "Cameras",
		summary: "Stop a camera",
		description: "Its viewers are told why it ends, and wake nothing for 30 s by coming back.",
		right: "control",
		answers: { 200: told("StoppedCamera", "It stops"), 404: idle, 409: refused("It is always on") },
	},
	list: {
		id: "listCameras",
		path: "/streams",
		tag: "Cameras",
		summary: "Every camera that is active",
		description: "Those that the caller may read.",
		right: "read",
		answers: {
			200: {
				description: "What is active",
				content: json(object({ streams: list(ref("CameraRun")), count: count("How many.") })),
			},
		},
	},
	get: {
		id: "getCamera",
		path: "/streams/{id}",
		tag: "Cameras",
		summary: "One active camera and who watches it",
		description: "`viewers` is empty for callers without the right `api`.",
		right: "read",
		answers: {
			200: {
				description: "What it does",
				content: json(
					object({ stream: ref("CameraRun"), viewers: list(ref("Viewer")), viewer_count: count("How many watch.") }),
				),
			},
			404: idle,
		},
	},
	viewers: {
		id: "listViewers",
		path: "/viewers",
		tag: "Cameras",
		summary: "Who watches, by any protocol",
		right: "api",
		answers: { 200: told("Viewers", "All of them") },
	},
	viewersOf: {
		id: "listViewersOfCamera",
		path: "/viewers/{id}",
		tag: "Cameras",
		summary: "Who watches one camera",
		right: "api",
		answers: {
			200: {
				description: "All of them",
				content: json(
					object({ camera_id: { type: "string" }, viewers: list(ref("Viewer")), count: count("How many.") }),
				),
			},
			404: unknown,
		},
	},
} as const satisfies Record<string, Operation>;
