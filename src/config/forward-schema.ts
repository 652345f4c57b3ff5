import { z } from "zod";
import { fingerprint, flag, text } from "./fields.ts";

/** Rtsp, rtmp, srt and whip addresses, and http addresses that end in /whip. */
const ADDRESS = /^((rtsps?|rtmps?|srt|whips?):\/\/[^\s/]+\S*|https?:\/\/[^\s/]+\S*\/whip(\?\S*)?)$/;

const address = z
	.string()
	.max(4096)
	.regex(ADDRESS, "expected an address rtsp(s)://… , rtmp(s)://… , srt://… , whip(s)://… or http(s)://…/whip")
	.describe("Where to push it; $MTX_PATH stands for the path's name");

const target = z
	.strictObject({
		to: address,
		when: z.enum(["always", "readers"]).prefault("always").describe("always, or readers: only while somebody reads"),
		wake: flag(false, "Whether it wakes a camera that would sleep otherwise"),
		token: text("", "Bearer token, for WHIP"),
		fingerprint: fingerprint("The certificate of an rtsps:// or rtmps:// server"),
	})
	.refine(({ when, wake }) => when === "always" || !wake, {
		path: ["wake"],
		message: "expected false with when: readers: it is the readers that wake the camera",
	})
	.refine(({ to, fingerprint: named }) => named === "" || /^(rtsps|rtmps):/.test(to), {
		path: ["fingerprint"],
		message: "expected none here: it is for rtsps:// and rtmps:// addresses",
	});

/** Where a stream is pushed on to. */
export const forward = z
	.array(
		z.union([address.transform((to) => target.parse({ to })), target], {
			error:
				"expected an address like rtsp://HOST/PATH, rtmp://…, srt://… or https://…/whip, or { to: ADDRESS, when: readers }",
		}),
	)
	.max(16)
	.prefault([])
	.describe("Where the stream is pushed on to: addresses, or { to: ADDRESS, when: readers, wake: false }");

/** One address that a path is pushed on to. */
export type ForwardTarget = z.output<typeof target>;
