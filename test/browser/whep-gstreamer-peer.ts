/*
 * GStreamer's webrtcbin as a WHIP or WHEP client: `node whep-gstreamer-peer.ts play|publish URL PIPELINE`. In the
 * pipeline webrtcbin is called `rtc`. It runs until it is killed, and says "answered" once it has the answer.
 */
import { type Library, native } from "../../src/net/native.ts";

const RECVONLY = 3;
const ANSWER = 3;
const PLAYING = 4;

const P = "uint64_t";
type Address = number;

function open(name: string): Library {
	const library = native?.open(name);
	if (!library) throw new Error(`${name} is not there`);
	return library;
}

const gst = open("libgstreamer-1.0.so.0");
const gobject = open("libgobject-2.0.so.0");
const gstSdp = open("libgstsdp-1.0.so.0");
const gstWebRtc = open("libgstwebrtc-1.0.so.0");

const init = gst.bind<[null, null], void>("gst_init", "void", ["void*", "void*"]);
const launch = gst.bind<[string, null], Address>("gst_parse_launch", P, ["str", "void*"]);
const byName = gst.bind<[Address, string], Address>("gst_bin_get_by_name", P, [P, "str"]);
const setState = gst.bind<[Address, number], number>("gst_element_set_state", "int", [P, "int"]);
const caps = gst.bind<[string], Address>("gst_caps_from_string", P, ["str"]);
const newPromise = gst.bind<[], Address>("gst_promise_new", P, []);
const waitFor = gst.bind<[Address], number>("gst_promise_wait", "int", [P]);
const reply = gst.bind<[Address], Address>("gst_promise_get_reply", P, [P]);
const fieldOf = gst.bind<[Address, string], Address>("gst_structure_get_value", P, [P, "str"]);
const boxed = gobject.bind<[Address], Address>("g_value_get_boxed", P, [P]);
const emit = gobject.bind<[Address, string, ...unknown[]], void>("g_signal_emit_by_name", "void", [P, "str", "..."]);
const sdpText = gstSdp.bind<[Address], string>("gst_sdp_message_as_text", "str", [P]);
const parseSdp = gstSdp.bind<[string, Uint8Array], number>("gst_sdp_message_new_from_text", "int", ["str", "void*"]);
const describe = gstWebRtc.bind<[number, Address], Address>("gst_webrtc_session_description_new", P, ["int", P]);
const copy = native!.libc.bind<[Uint8Array, Address, number], Address>("memcpy", P, ["void*", P, "size_t"]);

function offer(rtc: Address): { text: string; description: Address } {
	const promise = newPromise();
	emit(rtc, "create-offer", P, 0, P, promise);
	waitFor(promise);
	const description = boxed(fieldOf(reply(promise), "offer"));
	// struct { GstWebRTCSDPType type; GstSDPMessage *sdp; }
	const structure = Buffer.alloc(16);
	copy(structure, description, 16);
	return { text: sdpText(Number(structure.readBigUInt64LE(8))), description };
}

function set(rtc: Address, which: "local" | "remote", description: Address): void {
	const promise = newPromise();
	emit(rtc, `set-${which}-description`, P, description, P, promise);
	waitFor(promise);
}

const [mode, url, description] = process.argv.slice(2);
init(null, null);
const pipeline = launch(description!, null);
const rtc = byName(pipeline, "rtc");
if (pipeline === 0 || rtc === 0) throw new Error("the pipeline cannot be built");
if (mode === "play") {
	const wanted = caps(
		"application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000,packetization-mode=(string)1,profile-level-id=(string)42e01f,rtcp-fb-nack=true,rtcp-fb-nack-pli=true",
	);
	emit(rtc, "add-transceiver", "int", RECVONLY, P, wanted, "void*", Buffer.alloc(8));
}
setState(pipeline, PLAYING);
// What is sent must have found its format before it can be offered.
if (mode === "publish") await new Promise((resolve) => setTimeout(resolve, 1_500));
const made = offer(rtc);
set(rtc, "local", made.description);
const response = await fetch(url!, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: made.text });
const text = await response.text();
if (response.status !== 201) throw new Error(`${response.status} ${text}\n${made.text}`);
const message = Buffer.alloc(8);
parseSdp(text, message);
set(rtc, "remote", describe(ANSWER, Number(message.readBigUInt64LE())));
process.stdout.write("answered\n");
setInterval(() => undefined, 1_000);
