import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { av1Unit, readObus } from "../../../src/media/av1.ts";
import { parseH264Sps } from "../../../src/media/h264.ts";
import { parseH265Sps } from "../../../src/media/h265.ts";
import type { Codec } from "../../../src/media/track.ts";
import { handshakeType, parseHandshake, writeHandshake } from "../../../src/protocols/srt/handshake.ts";
import {
	acknowledgementBody,
	control,
	controlTypeOf,
	destinationOf,
	HEAD_BYTES,
	infoOf,
	isControl,
	isPacket,
	lossList,
	parseAcknowledgement,
	parseLossList,
	sequenceOf,
	subtypeOf,
	timestampOf,
	writeControl,
} from "../../../src/protocols/srt/packet.ts";
import { Deframer } from "../../../src/protocols/webrtc/framing.ts";
import { depayloadOf } from "../../../src/wire/depayload.ts";
import { initSegment } from "../../../src/wire/fmp4.ts";
import { mimeType } from "../../../src/wire/fmp4-codecs.ts";
import { readInit } from "../../../src/wire/fmp4-tracks.ts";
import { inspectorOf } from "../../../src/wire/inspect.ts";
import { recutOf } from "../../../src/wire/payload/recut.ts";
import { describePicture } from "../../../src/wire/picture-config.ts";
import { asksForKeyFrame, parseRtcp } from "../../../src/wire/rtcp.ts";
import {
	compound,
	writeBye,
	writeDescription,
	writeFullIntra,
	writeNack,
	writePictureLoss,
	writeReceiverReport,
	writeSenderReport,
} from "../../../src/wire/rtcp-write.ts";
import { rtpHeaderBytes, rtpPaddingBytes, writeRtpHeader } from "../../../src/wire/rtp.ts";
import { bindingError, bindingRequest, bindingSuccess, isStun, parseStun, stunUser } from "../../../src/wire/stun.ts";
import { inPieces, type Target } from "../target.ts";

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array => createHmac("sha1", key).update(data).digest();
const key = Buffer.from("password");
const transaction = Buffer.alloc(12, 5);

const stun: Target = {
	corpus: [
		bindingRequest(transaction, { username: "abcd:efgh", priority: 1, tieBreaker: Buffer.alloc(8, 1) }, key, hmac),
		bindingSuccess(transaction, { address: "192.0.2.1", port: 1000 }, key, hmac),
		bindingSuccess(transaction, { address: "2001:db8::1", port: 1000 }, key, hmac),
		bindingError(transaction, 420, "Unknown Attribute", hmac, { key, unknown: [0x7777] }),
	],
	errors: [],
	take: (input) => {
		if (!isStun(input)) return;
		const message = parseStun(input);
		if (message) stunUser(input);
	},
};

const rtpPacket = (payload: Buffer, first = 0x80): Buffer => {
	const packet = Buffer.concat([Buffer.alloc(12), payload]);
	writeRtpHeader(packet, 0, 96, true, 1, 2, 3);
	packet[0] = first;
	return packet;
};

/** Payloads of each codec. */
const payloads: readonly [Codec, Buffer][] = [
	["h264", hex("7c85aabbcc")],
	["h264", hex("78000367aabb000268cc")],
	["h265", hex("62019301aabb")],
	["vp8", hex("90e0812233aabbcc")],
	["vp9", hex("88812233aabb")],
	["vp9", hex("dc050304824983420014100b5606")],
	["vp9", hex("8e05380140 00b4028001680300 14012801 0209".replaceAll(" ", ""))],
	["vp9", hex("0c824983420014100b5606")],
	["av1", hex("180a000000043cffbc02f80040")],
	["av1", hex("08020a0b0330aabb")],
	["av1", hex("e803aabbcc30aabb")],
	["aac", hex("00200018001011223344")],
	["opus", hex("fc112233")],
];

const rtp: Target = {
	corpus: [...payloads.map(([, payload]) => rtpPacket(payload)), rtpPacket(hex("bede000110aabbcc0102030404"), 0xb0)],
	errors: [],
	take: (input) => {
		const head = rtpHeaderBytes(input, 0, input.length);
		if (head < 0) return;
		assert.ok(head <= input.length);
		const size = input.length - head - rtpPaddingBytes(input, 0, input.length);
		if (size <= 0) return;
		const payload = input.subarray(head, head + size);
		for (const [codec] of payloads) {
			inspectorOf(codec)(input, head, size);
			const units = depayloadOf(codec)?.([payload, payload]) ?? [];
			assert.ok(units.every((unit) => unit.length <= 4 * input.length));
			const pieces = recutOf(codec)?.(payload, 40) ?? [];
			assert.ok(pieces.every((piece) => piece.length <= 40));
		}
	},
};

const report = {
	...{ ssrc: 1, fractionLost: 3, cumulativeLost: 9, highestSequence: 70_000, jitter: 5 },
	...{ lastSenderReport: 0x1111_2222, delaySinceLastSenderReport: 0x3333 },
};
const sender = { ssrc: 1, ntpSeconds: 3_900_000_000, ntpFraction: 5, rtpTime: 90_000, packets: 5, octets: 700 };

const rtcp: Target = {
	corpus: [
		compound(writeSenderReport(sender, [report]), writeDescription(1, "name")),
		compound(writeReceiverReport(1, [report, report]), writeBye(1)),
		compound(writeReceiverReport(1, []), writeNack(1, 2, [3, 4, 70, 65_535])),
		compound(writePictureLoss(1, 2), writeFullIntra(1, 2, 3)),
	],
	errors: [],
	take: (input) => {
		asksForKeyFrame(input);
		for (const packet of parseRtcp(input) ?? []) {
			if (packet.kind !== "nack") continue;
			const again = parseRtcp(writeNack(1, packet.media, packet.lost))?.[0];
			assert.ok(again?.kind === "nack" && packet.lost.every((one) => again.lost.includes(one)));
		}
	},
};

const hello = { version: 0x01_05_00, flags: 0xbf, receiveDelay: 120, sendDelay: 120 };
const conclusion = {
	...{ version: 5, encryption: 2, extension: 5, initialSequence: 77, mtu: 1500, flowWindow: 8192 },
	...{ type: handshakeType.conclusion, socketId: 9, cookie: 0x1234_5678, hello, keys: Buffer.alloc(48, 3) },
};

const srtHandshake: Target = {
	corpus: [
		writeHandshake({ ...conclusion, streamId: "publish:live/cam" }, false),
		writeHandshake(conclusion, true),
		writeHandshake({ ...conclusion, type: handshakeType.induction, hello: undefined, keys: undefined }, false),
	],
	errors: [],
	take: (input) => {
		const handshake = parseHandshake(input);
		if (!handshake || (handshake.streamId?.length ?? 0) > 512) return;
		const again = parseHandshake(writeHandshake(handshake, false));
		// What cannot be text is not sent back as it was; how packets are spaced is never sent.
		const { streamId: _, congestion: __, ...rest } = handshake;
		const { streamId: ___, ...restAgain } = again!;
		assert.deepEqual(restAgain, rest);
	},
};

const srtPacket: Target = {
	corpus: [
		writeControl(control.ack, 0, 1, 5, 9, acknowledgementBody(5, 1000, 500, 8000, 100, 100_000)),
		writeControl(
			control.nak,
			0,
			0,
			5,
			9,
			lossList([
				{ from: 3, to: 3 },
				{ from: 9, to: 20 },
			]),
		),
		writeControl(control.handshake, 0, 0, 5, 0, writeHandshake(conclusion, false)),
		Buffer.concat([hex("00000005e000000100000064000000aa"), Buffer.alloc(188, 0x47)]),
	],
	errors: [],
	take: (input) => {
		if (!isPacket(input)) return;
		void [destinationOf(input), timestampOf(input), sequenceOf(input)];
		if (!isControl(input)) return;
		void [controlTypeOf(input), subtypeOf(input), infoOf(input)];
		parseAcknowledgement(input);
		const ranges = parseLossList(input);
		assert.deepEqual(parseLossList(Buffer.concat([Buffer.alloc(HEAD_BYTES), lossList(ranges)])), ranges);
	},
};

const sets = [
	"67640016acd940a42fe224c044000003000400000300083c58b658",
	"42010101600000030090000003000003003fa005120171c9265959a4932bc05a0200000300020000030002100",
	"6742c01eda0280f6c0",
	"6742c01ed903c568400000030040000000c038b192",
	"42010101600000030090000003000003005da0",
];

const parameterSets: Target = {
	corpus: sets.map(hex),
	errors: [],
	take: (input) => {
		for (const format of [parseH264Sps(input), parseH265Sps(input)]) {
			assert.ok(
				!format || (format.width > 0 && format.height > 0 && Number.isSafeInteger(format.width * format.height)),
			);
		}
	},
};

const keyFrames: Target = {
	corpus: [
		...["0b000000043d06d4daf90040", "0e000000fa1e836a210a88101010a0", "0e000000043d06d4daf95091009040"],
		...["0a200000043d06d4daf902", "0b400000043d06d4daf96220"],
	]
		.map((header) => hex(`12000a${header}3202aabb`))
		.concat(["824983420014100b5606", "b124c1a14000a0805ab0"].map(hex)),
	errors: [],
	take: (input) => {
		const obus = readObus(input);
		const unit = av1Unit(obus);
		if (unit) assert.deepEqual(av1Unit(readObus(unit)), unit);
		const frame = { track: 0, pts: 0, key: true, units: [input] };
		for (const codec of ["av1", "vp9"] as const) {
			const config = describePicture(codec, frame, []);
			if (!config) continue;
			const { width, height } = config.format;
			assert.ok(width > 0 && height > 0 && width <= 0xffff && height <= 0xffff);
			const described = [{ id: 1, timescale: 90_000, config }];
			assert.equal(readInit(initSegment(described)).tracks[0]?.description.track.codec, codec);
			assert.match(mimeType(described), /"(av01\.[0-2]\.\d\d[MH]|vp09\.0[0-3]\.\d\d)\.(08|10|12)(\.[\d.]+)?"$/);
		}
	},
};

const iceTcp: Target = {
	corpus: [hex("0003aabbcc0000000401020304"), hex("05dc00")],
	errors: [],
	take: (input) => {
		const deframer = new Deframer(1500);
		const whole = (datagram: Buffer): void => assert.ok(datagram.length <= 1500);
		let isOver = false;
		inPieces(input, (piece) => {
			if (!isOver) isOver = !deframer.push(piece, whole);
		});
	},
};

/** Formats that are one packet each, and the parameter sets within. */
export const packetTargets: Readonly<Record<string, Target>> = {
	stun,
	rtp,
	rtcp,
	"srt-handshake": srtHandshake,
	"srt-packet": srtPacket,
	"parameter-sets": parameterSets,
	"key-frames": keyFrames,
	"ice-tcp": iceTcp,
};
