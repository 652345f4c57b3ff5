import koffi, { type LibraryHandle } from "koffi";

/**
 * The few functions of the system's GStreamer that a capture needs, reached through koffi. Runs in the capture's child
 * process only: a crash in here ends that process and nothing else.
 */

type Pointer = bigint | null;

/** One encoded access unit from the end of the pipeline. */
export interface Sample {
	readonly bytes: Buffer;
	/** Running time in nanoseconds; NaN where the buffer has no timestamp. */
	readonly timeNs: number;
}

/** What went wrong, as GStreamer words it, and whether the element named `enc` said so. */
interface Failure {
	readonly reason: string;
	readonly byEncoder: boolean;
}

/** A running pipeline; see `pipelineText` for the names of its elements. */
export interface Pipeline {
	play(): Promise<void>;
	/** The next access unit, or undefined after `timeoutMs` without one. Does not hold the event loop. */
	pull(timeoutMs: number): Promise<Sample | undefined>;
	/** Hands a raw picture to the element `src`; false where the one before still waits to be encoded. */
	push(picture: Uint8Array, timeNs: number): boolean;
	/** Running time now, in nanoseconds. */
	now(): number;
	failure(): Failure | undefined;
	ended(): boolean;
	/** Sets a property of the encoder from its text form. */
	setEncoder(property: string, value: string): void;
	forceKeyFrame(way: "event" | "force-IDR"): void;
	close(): Promise<void>;
}

/** GStreamer itself. */
export interface Gst {
	readonly version: string;
	has(element: string): boolean;
	/** Builds a pipeline. Throws with GStreamer's words where the text or an element is wrong. */
	launch(text: string): Pipeline;
}

const STATE_NULL = 1;
const STATE_PLAYING = 4;
const FORMAT_TIME = 3;
const MESSAGE_ERROR = 2;
const CLOCK_TIME_NONE = 0xffff_ffff_ffff_ffffn;
/** `message` in GError: behind the domain and the code. */
const ERROR_MESSAGE_OFFSET = 8;

const miniObject = koffi.struct({
	type: "uint64_t",
	refcount: "int",
	lockstate: "int",
	flags: "uint",
	copy: "void*",
	dispose: "void*",
	free: "void*",
	privUint: "uint",
	privPointer: "void*",
});
/** The public head of GstBuffer, the same in every GStreamer 1.x. */
const bufferHead = koffi.struct({ mini: miniObject, pool: "void*", pts: "uint64_t" });
const PTS_OFFSET = koffi.offsetof(bufferHead, "pts");

type Call<Args extends readonly unknown[], Result> = (...args: Args) => Result;
type AsyncCall<Args extends readonly unknown[], Result> = (
	...args: [...Args, done: (error: unknown, result: Result) => void]
) => void;

function bind<Args extends readonly unknown[], Result>(
	library: LibraryHandle,
	prototype: string,
): Call<Args, Result> & { readonly async: AsyncCall<Args, Result> } {
	return library.func(prototype) as unknown as Call<Args, Result> & { readonly async: AsyncCall<Args, Result> };
}

function promised<Args extends readonly unknown[], Result>(
	call: { readonly async: AsyncCall<Args, Result> },
	...args: Args
): Promise<Result> {
	return new Promise((resolve, reject) => {
		call.async(...args, (error, result) => (error ? reject(error) : resolve(result)));
	});
}

function bindAll() {
	const gst = koffi.load("libgstreamer-1.0.so.0");
	const app = koffi.load("libgstapp-1.0.so.0");
	const video = koffi.load("libgstvideo-1.0.so.0");
	const gobject = koffi.load("libgobject-2.0.so.0");
	const glib = koffi.load("libglib-2.0.so.0");
	return {
		init: bind<[Pointer, Pointer], void>(gst, "void gst_init(void*, void*)"),
		version: bind<[], bigint>(gst, "void* gst_version_string()"),
		findFactory: bind<[string], Pointer>(gst, "void* gst_element_factory_find(str)"),
		parseLaunch: bind<[string, BigUint64Array], Pointer>(gst, "void* gst_parse_launch(str, void*)"),
		byName: bind<[Pointer, string], Pointer>(gst, "void* gst_bin_get_by_name(void*, str)"),
		setState: bind<[Pointer, number], number>(gst, "int gst_element_set_state(void*, int)"),
		getBus: bind<[Pointer], Pointer>(gst, "void* gst_element_get_bus(void*)"),
		popMessage: bind<[Pointer, number, number], Pointer>(gst, "void* gst_bus_timed_pop_filtered(void*, uint64_t, int)"),
		parseError: bind<[Pointer, BigUint64Array, BigUint64Array], void>(
			gst,
			"void gst_message_parse_error(void*, void*, void*)",
		),
		getClock: bind<[Pointer], Pointer>(gst, "void* gst_element_get_clock(void*)"),
		baseTime: bind<[Pointer], number | bigint>(gst, "uint64_t gst_element_get_base_time(void*)"),
		clockTime: bind<[Pointer], number | bigint>(gst, "uint64_t gst_clock_get_time(void*)"),
		sampleBuffer: bind<[Pointer], Pointer>(gst, "void* gst_sample_get_buffer(void*)"),
		sampleSegment: bind<[Pointer], Pointer>(gst, "void* gst_sample_get_segment(void*)"),
		toRunningTime: bind<[Pointer, number, number | bigint], number | bigint>(
			gst,
			"uint64_t gst_segment_to_running_time(void*, int, uint64_t)",
		),
		bufferSize: bind<[Pointer], number>(gst, "size_t gst_buffer_get_size(void*)"),
		extract: bind<[Pointer, number, Uint8Array, number], number>(
			gst,
			"size_t gst_buffer_extract(void*, size_t, void*, size_t)",
		),
		newBuffer: bind<[Pointer, number, Pointer], Pointer>(gst, "void* gst_buffer_new_allocate(void*, size_t, void*)"),
		fill: bind<[Pointer, number, Uint8Array, number], number>(
			gst,
			"size_t gst_buffer_fill(void*, size_t, void*, size_t)",
		),
		sendEvent: bind<[Pointer, Pointer], number>(gst, "int gst_element_send_event(void*, void*)"),
		setArg: bind<[Pointer, string, string], void>(gst, "void gst_util_set_object_arg(void*, str, str)"),
		unrefMini: bind<[Pointer], void>(gst, "void gst_mini_object_unref(void*)"),
		unref: bind<[Pointer], void>(gst, "void gst_object_unref(void*)"),
		pullSample: bind<[Pointer, number], Pointer>(app, "void* gst_app_sink_try_pull_sample(void*, uint64_t)"),
		isEnded: bind<[Pointer], number>(app, "int gst_app_sink_is_eos(void*)"),
		pushBuffer: bind<[Pointer, Pointer], number>(app, "int gst_app_src_push_buffer(void*, void*)"),
		queuedBytes: bind<[Pointer], number>(app, "uint64_t gst_app_src_get_current_level_bytes(void*)"),
		keyUnitEvent: bind<[bigint, number, number], Pointer>(
			video,
			"void* gst_video_event_new_upstream_force_key_unit(uint64_t, int, uint)",
		),
		emit: bind<[Pointer, string], void>(gobject, "void g_signal_emit_by_name(void*, str, ...)"),
		freeError: bind<[bigint], void>(glib, "void g_error_free(void*)"),
		free: bind<[bigint], void>(glib, "void g_free(void*)"),
	};
}

type Bindings = ReturnType<typeof bindAll>;

/** Loads and starts GStreamer, or returns undefined where this machine has none. */
export function loadGst(): Gst | undefined {
	let calls: Bindings;
	try {
		calls = bindAll();
	} catch {
		return undefined;
	}
	calls.init(null, null);
	const version = takeString(calls, calls.version());
	return {
		version,
		has: (element) => {
			const factory = calls.findFactory(element);
			if (factory === null) return false;
			calls.unref(factory);
			return true;
		},
		launch: (text) => launch(calls, text),
	};
}

function launch(calls: Bindings, text: string): Pipeline {
	const slot = new BigUint64Array(1);
	const bin = calls.parseLaunch(text, slot);
	if (slot[0] || bin === null) {
		if (bin !== null) calls.unref(bin);
		throw new Error(slot[0] ? takeError(calls, slot[0]) : "GStreamer did not build the pipeline");
	}
	return pipelineOf(calls, bin);
}

function pipelineOf(calls: Bindings, bin: bigint): Pipeline {
	const sink = calls.byName(bin, "sink");
	const source = calls.byName(bin, "src");
	const encoder = calls.byName(bin, "enc");
	const bus = calls.getBus(bin);
	let clock: Pointer = null;
	return {
		play: async () => {
			await promised(calls.setState, bin, STATE_PLAYING);
		},
		pull: async (timeoutMs) => {
			const sample = await promised(calls.pullSample, sink, timeoutMs * 1e6);
			if (sample === null) return undefined;
			try {
				return readSample(calls, sample);
			} finally {
				calls.unrefMini(sample);
			}
		},
		push: (picture, timeNs) => push(calls, source, picture, timeNs),
		now: () => {
			clock ??= calls.getClock(bin);
			return clock === null ? Number.NaN : Number(calls.clockTime(clock)) - Number(calls.baseTime(bin));
		},
		failure: () => failureOn(calls, bus),
		ended: () => calls.isEnded(sink) !== 0,
		setEncoder: (property, value) => {
			if (encoder !== null) calls.setArg(encoder, property, value);
		},
		forceKeyFrame: (way) => {
			if (way === "event") calls.sendEvent(sink, calls.keyUnitEvent(CLOCK_TIME_NONE, 1, 0));
			else if (encoder !== null) calls.emit(encoder, way);
		},
		close: async () => {
			await promised(calls.setState, bin, STATE_NULL);
			for (const object of [sink, source, encoder, bus, clock, bin]) if (object !== null) calls.unref(object);
		},
	};
}

function readSample(calls: Bindings, sample: bigint): Sample | undefined {
	const buffer = calls.sampleBuffer(sample);
	if (buffer === null) return undefined;
	const size = Number(calls.bufferSize(buffer));
	const bytes = Buffer.allocUnsafe(size);
	calls.extract(buffer, 0, bytes, size);
	const pts = koffi.decode(buffer, PTS_OFFSET, "uint64_t") as number | bigint;
	// x264enc starts its timestamps at 1000 hours; the segment takes that away again.
	const time = calls.toRunningTime(calls.sampleSegment(sample), FORMAT_TIME, pts);
	return { bytes, timeNs: BigInt(time) === CLOCK_TIME_NONE ? Number.NaN : Number(time) };
}

function push(calls: Bindings, source: Pointer, picture: Uint8Array, timeNs: number): boolean {
	if (Number(calls.queuedBytes(source)) > 0) return false;
	const buffer = calls.newBuffer(null, picture.length, null);
	if (buffer === null) return false;
	calls.fill(buffer, 0, picture, picture.length);
	koffi.encode(buffer, PTS_OFFSET, "uint64_t", Math.round(timeNs));
	calls.pushBuffer(source, buffer);
	return true;
}

function failureOn(calls: Bindings, bus: Pointer): Failure | undefined {
	const message = calls.popMessage(bus, 0, MESSAGE_ERROR);
	if (message === null) return undefined;
	const error = new BigUint64Array(1);
	const details = new BigUint64Array(1);
	calls.parseError(message, error, details);
	calls.unrefMini(message);
	const reason = takeError(calls, error[0]!);
	const where = details[0] ? takeString(calls, details[0]) : "";
	// The last line of the details says what the first words do not ("Internal data stream error.").
	const last = where.trim().split("\n").at(-1) ?? "";
	return { reason: last ? `${reason} (${last})` : reason, byEncoder: /[/:]enc:/.test(where) };
}

function takeError(calls: Bindings, error: bigint): string {
	const reason = String(koffi.decode(error, ERROR_MESSAGE_OFFSET, "str"));
	calls.freeError(error);
	return reason;
}

function takeString(calls: Bindings, text: bigint): string {
	const value = koffi.decode(text, "char", -1) as string;
	calls.free(text);
	return value;
}
