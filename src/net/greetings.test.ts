import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { TlsMaterial } from "../access/tls.ts";
import { loadCertificate } from "./certificate.ts";
import { Greetings } from "./greetings.ts";
import { connectTcp, listenTcp } from "./tcp.ts";
import { receiveInPlace } from "./tcp-receive.ts";
import { secureTcp } from "./tls.ts";

const never = new AbortController().signal;
/** More than one record of TLS holds, and more than is read at once. */
const LONG = "0123456789".repeat(10_000);

/** A port that sends back what comes, in capitals where it came in TLS. */
async function echo(greetMs: number) {
	const folder = mkdtempSync(join(tmpdir(), "vedette-greetings-"));
	const cert = join(folder, "tls.pem");
	const { fingerprint } = loadCertificate(cert, Date.now());
	const material = new TlsMaterial({ cert, key: cert });
	const greetings = new Greetings(greetMs);
	const serve = (socket: Socket, change: (text: string) => string): void => {
		const own = receiveInPlace(socket, (bytes, length) => own.write(change(bytes.toString("utf8", 0, length))));
		own.on("error", () => undefined).on("end", () => own.end());
	};
	const listener = await listenTcp("127.0.0.1", 0, (socket) => {
		const open = (one: Socket): void => serve(one, (text) => text);
		const secured = (one: Socket): void => serve(one, (text) => text.toUpperCase());
		greetings.either(socket, () => material.context, open, secured);
	});
	const close = async (): Promise<void> => {
		await listener.close();
		greetings.close();
		rmSync(folder, { recursive: true });
	};
	return { greetings, fingerprint, port: listener.port, [Symbol.asyncDispose]: close };
}

async function answered(socket: Socket, pieces: readonly string[]): Promise<string> {
	const wanted = pieces.join("").length;
	let got = "";
	socket.on("data", (bytes: Buffer) => {
		got += bytes;
		if (got.length >= wanted) socket.end();
	});
	for (const piece of pieces) {
		socket.write(piece);
		await new Promise((resolve) => setImmediate(resolve));
	}
	await once(socket, "close");
	return got;
}

const talks: readonly (readonly string[])[] = [["hello"], ["h", "e", "llo"], [LONG, "x"], ["x", LONG]];

test("one port for clients in the open and in TLS: nothing of what they say is lost", { timeout: 20_000 }, async () => {
	await using server = await echo(5000);
	for (const pieces of talks) {
		const said = pieces.join("");
		const plain = await connectTcp("127.0.0.1", server.port, never);
		assert.equal(await answered(plain, pieces), said);
		const socket = await connectTcp("127.0.0.1", server.port, never);
		const secure = await secureTcp(socket, "127.0.0.1", server.fingerprint, never);
		assert.equal(await answered(secure, pieces), said.toUpperCase());
	}
	assert.equal(server.greetings.size, 0, "they are not counted any more");
});

test("a client of TLS that is shown another certificate says nothing, and why", { timeout: 20_000 }, async () => {
	await using server = await echo(5000);
	const socket = await connectTcp("127.0.0.1", server.port, never);
	const other = server.fingerprint.replace(/^../, (byte) => (byte === "00" ? "01" : "00"));
	const refused = /127\.0\.0\.1 shows another certificate than the one expected, .* a robot must join again/;
	await assert.rejects(secureTcp(socket, "127.0.0.1", other, never), refused);
	assert.equal(socket.destroyed, true);
});

test("who says nothing, and who stops in the handshake, is left", { timeout: 20_000 }, async () => {
	await using server = await echo(50);
	for (const first of ["", "\x16\x03"]) {
		const socket = await connectTcp("127.0.0.1", server.port, never);
		if (first !== "") socket.write(first, "latin1");
		await once(socket.resume(), "close");
		while (server.greetings.size > 0) await new Promise((resolve) => setImmediate(resolve));
	}
});
