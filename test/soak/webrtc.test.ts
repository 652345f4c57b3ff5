import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import { PATH, viewers } from "../../bench/support/bench.ts";
import { check } from "../../bench/support/ice-client.ts";
import { offer } from "../../bench/support/offer.ts";
import { Healthy, skip } from "./support/healthy.ts";
import { damaged, datagrams, noise } from "./support/noise.ts";
import { halfOpen, say, throwAt } from "./support/talk.ts";

const good = offer({
	ufrag: "abcd",
	password: "a".repeat(24),
	fingerprint: Array.from({ length: 32 }, () => "AB").join(":"),
	port: 9,
});

const hmac = (key: Uint8Array, data: Uint8Array) => createHmac("sha1", key).update(data).digest();

/** Bodies of a POST to WHEP, each with the status that must come. */
const offers: readonly (readonly [name: string, body: string | Uint8Array, wanted: readonly number[]])[] = [
	["no offer", "", [400, 415, 422]],
	["noise", noise(1, 3000), [400, 422]],
	["an offer without media", good.slice(0, good.indexOf("m=video")), [400, 406, 422]],
	["an offer without ICE", good.replace(/a=ice-ufrag:.*\r\n/, ""), [400, 422]],
	["an offer without a fingerprint", good.replace(/a=fingerprint:.*\r\n/, ""), [400, 422]],
	["a codec that nobody has", good.replaceAll("H264/90000", "FAX/8000"), [400, 406, 415, 422]],
	["1,000 sections", good + "m=video 9 UDP/TLS/RTP/SAVPF 102\r\n".repeat(1000), [400, 413, 422]],
	["a body beyond the limit", "a=x\r\n".repeat(400_000), [413]],
];

async function post(url: string, body: string | Uint8Array): Promise<number> {
	const bytes = Buffer.from(body);
	const response = await fetch(url, { method: "POST", headers: { "content-type": "application/sdp" }, body: bytes });
	await response.text();
	return response.status;
}

test("WebRTC: whatever comes in, those who behave notice nothing", { skip }, async (t) => {
	await using healthy = await Healthy.start();
	const { server } = healthy;
	const url = server.whep(PATH) ?? "";
	for (const [name, body, wanted] of offers) {
		await t.test(`POST: ${name}`, async () => {
			const status = await healthy.undisturbed(() => post(url, body));
			assert.ok(wanted.includes(status), `status ${status}, expected ${wanted.join(" or ")}`);
		});
	}
	await t.test("POST: a path that nobody publishes is refused", async () => {
		const status = await healthy.undisturbed(() => post(server.whep("nobody") ?? "", good));
		assert.ok(status >= 400 && status < 500, `status ${status}`);
	});
	await t.test("POST: 200 damaged offers", () =>
		healthy.undisturbed(async () => {
			const statuses = new Set<number>();
			for (const body of damaged(Buffer.from(good), 3, 200)) statuses.add(await post(url, body));
			assert.ok(
				[...statuses].every((status) => status === 201 || (status >= 400 && status < 500)),
				`${[...statuses]}`,
			);
		}),
	);
	await t.test("HTTP: noise and half a request", () =>
		healthy.undisturbed(async () => {
			const { closed, answer } = await say(server.httpPort, noise(4, 5000));
			assert.ok(closed || /^HTTP\/1.1 4/.test(answer), answer);
			for (const socket of await halfOpen(server.httpPort, 100, "POST /live/whep HTTP/1.1\r\nHost")) socket.destroy();
		}),
	);
	await t.test("UDP: noise of every kind is answered by nothing", () =>
		healthy.undisturbed(async () => {
			const kinds = [
				[0, 1],
				[20, 22, 23, 25],
				[128, 143, 191],
				[64, 80, 200, 255],
			];
			for (const [i, first] of kinds.entries()) {
				assert.equal(await throwAt(server.webrtcPort, datagrams(20 + i, 400, first)), 0);
			}
		}),
	);
	await t.test("UDP: checks without the password are answered by less than they are", () =>
		healthy.undisturbed(async () => {
			const spoofed = Array.from({ length: 200 }, (_, i) =>
				check(`${randomBytes(4).toString("hex")}:abcd`, Buffer.alloc(24, i), hmac),
			);
			const sent = spoofed.reduce((sum, { length }) => sum + length, 0);
			const back = await throwAt(server.webrtcPort, spoofed);
			assert.ok(back <= sent, `${back} bytes for ${sent}`);
		}),
	);
	await t.test("UDP: damaged checks are answered by less than they are", () =>
		healthy.undisturbed(async () => {
			const hostile = damaged(check("abcdefgh:abcd", Buffer.alloc(24), hmac), 9, 400);
			const back = await throwAt(server.webrtcPort, hostile);
			assert.ok(back <= hostile.reduce((sum, { length }) => sum + length, 0), `${back} bytes`);
		}),
	);
	await t.test("UDP: a viewer's own packets once more and damaged do not even harm the viewer", () =>
		healthy.undisturbed(async () => {
			await using child = viewers();
			const frames = await child.ask("abuse", { url, damages: 100 });
			assert.ok(frames > 20, `${frames} pictures in the second after`);
		}),
	);
	await t.test("TCP: noise, a frame without end, half-open connections", () =>
		healthy.undisturbed(async () => {
			const { closed } = await say(server.webrtcPort, noise(6, 70_000));
			assert.ok(closed, "noise ends the connection");
			const sockets = [
				...(await halfOpen(server.webrtcPort, 100, "")),
				...(await halfOpen(server.webrtcPort, 100, "\xff\xff\x00\x01")),
			];
			for (const socket of sockets) socket.destroy();
		}),
	);
	await t.test("nothing is left of all this", () => healthy.nothingLeft());
});
