import { count, flag, list, moment, number, object, oneOf, orNull, ref, type Schema, text } from "./schema.ts";

const camera = {
	camera_id: text("The id of the configuration's `streams`, or the path's name."),
	stream_id: text("The publisher's id; `none` where nobody publishes."),
};

const run = {
	session_id: text("Names this run of the camera."),
	...camera,
	started_at: orNull(moment("Since when.")),
	stopped_at: orNull(moment("When it was stopped.")),
	duration_seconds: count("How long it has been running."),
	error_message: orNull(text("Why it failed last.")),
	pipeline_id: text("The path's name."),
	rtp_endpoint_id: orNull(text("The publisher's id.")),
	webrtc_endpoint_id: { type: "null" },
	viewer_count: count("How many watch, by any protocol."),
	keepalive_stats: object({ keepalive_count: count("Always 0: nothing has to be kept alive.") }),
	manager_stats: ref("Traffic"),
};

const example = {
	session_id: "stream-56C1CADC-3f2a91c0",
	stream_id: "3f2a91c0-6f0e-4c11-9c1d-0d6c2b0d7a51",
	camera_id: "56C1CADCF1FA4C6CAEBA3E2FD85EFEBF",
	state: "active",
	started_at: "2027-03-01T09:30:00.000Z",
	stopped_at: null,
	duration_seconds: 42,
	error_message: null,
	pipeline_id: "cameras/4",
	rtp_endpoint_id: "3f2a91c0-6f0e-4c11-9c1d-0d6c2b0d7a51",
	webrtc_endpoint_id: null,
	viewer_count: 1,
	keepalive_stats: { keepalive_count: 0 },
	manager_stats: { bytes_received: 10_485_760 },
};

/** What `/streams`, `/viewers` and `/health` tell. */
export const cameraShapes: Readonly<Record<string, Schema>> = {
	Traffic: object({ bytes_received: count("Bytes of media that came in.") }),
	CameraRun: {
		...object({ ...run, state: oneOf(["starting", "active", "stopping", "error"], "What it does.") }),
		examples: [example],
	},
	StoppedCamera: object({ ...run, state: { const: "stopped" }, stats: ref("Traffic") }),
	Busy: {
		...object({ status: { const: "error" }, error: text("A sentence for people."), session_id: run.session_id }),
		examples: [
			{
				status: "error",
				error: "camera 56C1CADCF1FA4C6CAEBA3E2FD85EFEBF is already active",
				session_id: "stream-56C1CADC-3f2a91c0",
			},
		],
	},
	Bandwidth: {
		type: "object",
		description: "Bounds for the robot's encoder.",
		properties: {
			max_bandwidth: { type: "number", exclusiveMinimum: 0, maximum: 1_000_000, description: "kbit/s." },
			min_bandwidth: { type: "number", exclusiveMinimum: 0, maximum: 1_000_000, description: "kbit/s." },
		},
		examples: [{ max_bandwidth: 3000, min_bandwidth: 300 }],
	},
	Viewer: object({
		viewer_id: text("The session's id."),
		...camera,
		created_at: moment("Since when."),
		webrtc_endpoint_id: text("The session's id again."),
		connected: { const: true },
		type: text("How it watches.", { examples: ["webRTCSession", "rtspSession", "hlsMuxer"] }),
		user: text("Empty for nobody in particular."),
		remote_address: text("From where."),
	}),
	Viewers: object({ viewers: list(ref("Viewer")), count: count("How many.") }),
	Health: {
		...object(
			{
				status: oneOf(["healthy", "degraded"], "`degraded` without WebRTC."),
				timestamp: moment("Now."),
				kurento_connected: flag("Whether WebRTC is ready."),
				active_streams: count("Paths with a publisher."),
				total_viewers: count("Readers of all paths."),
			},
			{
				version: text("The relay's; this and all that follows for those with the right `api`."),
				uptime_seconds: count("Since the relay started."),
				cpu_seconds: number("What it has used."),
				memory_bytes: count("Resident."),
				heap_bytes: count("Of JavaScript."),
			},
		),
		examples: [
			{
				status: "healthy",
				timestamp: "2027-03-01T09:30:00.000Z",
				kurento_connected: true,
				active_streams: 2,
				total_viewers: 5,
			},
		],
	},
};
