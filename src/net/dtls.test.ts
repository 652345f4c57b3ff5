import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { skipFor } from "../../test/support/peers.ts";
import { type Certificate, loadCertificate } from "./certificate.ts";
import { DtlsServer, type DtlsSession } from "./dtls.ts";
import { splitRecords } from "./dtls-records.ts";
import { openSslOrReason } from "./openssl.ts";
import { HandleTable } from "./openssl-handles.ts";

const loaded = openSslOrReason();
const skip = skipFor("reason" in loaded ? loaded.reason : undefined);
let folder = "";
let certificate: Certificate;
before(() => {
	folder = mkdtempSync(join(tmpdir(), "vedette-dtls-"));
	certificate = loadCertificate(join(folder, "state", "webrtc.pem"), Date.now());
});
after(() => rmSync(folder, { recursive: true }));

describe("the certificate", () => {
	it("stays the same over restarts, in a file only we can read", () => {
		const file = join(folder, "state", "webrtc.pem");
		const again = loadCertificate(file, Date.now());
		assert.equal(again.fingerprint, certificate.fingerprint);
		assert.deepEqual(Buffer.from(again.key), Buffer.from(certificate.key));
		assert.equal(statSync(file).mode & 0o777, 0o600);
		assert.match(again.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
	});

	it("is made anew when it is broken or nearly over", () => {
		const file = join(folder, "broken.pem");
		writeFileSync(file, "nonsense");
		const first = loadCertificate(file, Date.now());
		assert.equal(loadCertificate(file, Date.now()).fingerprint, first.fingerprint);
		assert.notEqual(loadCertificate(file, Date.now() + 3_640 * 86_400_000).fingerprint, first.fingerprint);
		assert.notEqual(loadCertificate(undefined, Date.now()).fingerprint, first.fingerprint);
	});
});

describe("native handles", () => {
	it("know nothing of what was freed, and free once", () => {
		const freed: number[] = [];
		const table = new HandleTable((pointer) => freed.push(pointer));
		const first = table.add(11);
		assert.equal(table.get(first), 11);
		table.free(first);
		table.free(first);
		const second = table.add(22);
		assert.equal(table.get(first), 0);
		table.free(first);
		assert.equal(table.get(second), 22);
		assert.deepEqual([freed, table.size], [[11], 1]);
		assert.throws(() => table.add(0));
	});
});

describe("flights", () => {
	const record = (size: number) => {
		const bytes = new Uint8Array(size);
		bytes.set([22, 254, 253]);
		new DataView(bytes.buffer).setUint16(11, size - 13);
		return bytes;
	};
	const split = (flight: Uint8Array) => {
		const sizes: number[] = [];
		splitRecords(flight, 1200, (datagram) => sizes.push(datagram.length));
		return sizes;
	};
	const table: [string, number[], number[]][] = [
		["one record", [100], [100]],
		["small ones together", [100, 200, 300], [600]],
		["at the limit", [600, 600, 13], [1200, 13]],
		["one larger than the limit alone", [50, 1500, 50], [50, 1500, 50]],
	];
	for (const [name, sizes, expected] of table) {
		it(`are split: ${name}`, () => assert.deepEqual(split(Buffer.concat(sizes.map(record))), expected));
	}
	it("are split by the short headers of DTLS 1.3", () => {
		const short = new Uint8Array(1000);
		short.set([0x2f, 0, 1, 3, 995 - 768 + 0]);
		assert.deepEqual(split(Buffer.concat([short, short])), [1000, 1000]);
	});
	it("with broken lengths end where the bytes end", () => {
		assert.deepEqual(split(Uint8Array.from([22, 254, 253])), [3]);
		assert.deepEqual(split(record(40).subarray(0, 20)), [20]);
	});
});

/** OpenSSL's own command as the peer, over a socket whose datagrams the test can drop. */
class Peer {
	readonly socket: Socket = createSocket("udp4");
	session: DtlsSession | undefined;
	output = "";
	sent: number[] = [];
	received: number[] = [];
	/** Datagrams from us that never arrive, by their count. */
	lose: (count: number) => boolean = () => false;
	#process: ChildProcess | undefined;
	#timer: NodeJS.Timeout | undefined;

	async start(server: DtlsServer, options: string[]): Promise<void> {
		this.socket.bind(0, "127.0.0.1");
		await once(this.socket, "listening");
		this.socket.on("message", (message, from) => {
			this.received.push(message.length);
			this.session ??= server.accept((datagram) => {
				this.sent.push(datagram.length);
				if (!this.lose(this.sent.length)) this.socket.send(Buffer.from(datagram), from.port, from.address);
			});
			this.session.input(message);
		});
		this.#timer = setInterval(() => this.session?.tick(), 20);
		const connect = ["s_client", "-dtls1_2", "-connect", `127.0.0.1:${this.socket.address().port}`];
		const pair = ["-cert", join(folder, "client.pem"), "-key", join(folder, "client.key")];
		const child = spawn("openssl", [...connect, ...pair, ...options], { stdio: ["pipe", "pipe", "pipe"] });
		this.#process = child;
		for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (this.output += text));
	}

	async until(done: () => boolean): Promise<void> {
		for (let waited = 0; !done(); waited += 10) {
			assert.ok(waited < 8_000, `timed out: ${this.session?.state} ${this.session?.error} ${this.output}`);
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
	}

	quit(): void {
		this.#process?.stdin?.end("Q\n");
	}

	async stop(): Promise<void> {
		clearInterval(this.#timer);
		this.session?.close();
		if (this.#process && this.#process.exitCode === null && this.#process.kill()) await once(this.#process, "exit");
		this.socket.close();
	}
}

describe("DTLS with OpenSSL's s_client", { skip }, () => {
	let server: DtlsServer;
	before(async () => {
		if (!("openSsl" in loaded)) return;
		server = new DtlsServer(loaded.openSsl, certificate);
		const files = ["-keyout", join(folder, "client.key"), "-out", join(folder, "client.pem")];
		const request = [
			"req",
			"-x509",
			"-newkey",
			"ec",
			"-pkeyopt",
			"ec_paramgen_curve:P-256",
			"-nodes",
			"-subj",
			"/CN=x",
		];
		await once(spawn("openssl", [...request, ...files], { stdio: "ignore" }), "exit");
	});
	after(() => server?.close());

	async function withPeer(options: string[], test: (peer: Peer) => Promise<void>, lose?: Peer["lose"]): Promise<void> {
		const peer = new Peer();
		if (lose) peer.lose = lose;
		try {
			await peer.start(server, options);
			await test(peer);
		} finally {
			await peer.stop();
			assert.equal(server.size, 0);
		}
	}
	const material = (peer: Peer) => /Keying material: ([0-9A-F]+)/.exec(peer.output)?.[1];
	const exporter = (length: number) => ["-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", `${length}`];

	for (const [profile, name, length] of [
		["gcm", "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", 56],
		["cm", "SRTP_AES128_CM_SHA1_80", 60],
	] as const) {
		it(`agrees on ${profile} and on the keys`, () =>
			withPeer(["-use_srtp", name, ...exporter(length)], async (peer) => {
				await peer.until(() => peer.session?.state === "connected" && material(peer) !== undefined);
				const srtp = peer.session?.srtp();
				assert.ok(srtp);
				assert.equal(srtp.profile, profile);
				const { local, remote } = srtp;
				const all = Buffer.concat([remote.key, local.key, remote.salt, local.salt]).toString("hex").toUpperCase();
				assert.equal(all, material(peer));
				assert.ok(Math.max(...peer.sent) <= 1200);
			}));
	}

	it("tells the peer's fingerprint in each hash", () =>
		withPeer(["-use_srtp", "SRTP_AEAD_AES_128_GCM"], async (peer) => {
			await peer.until(() => peer.session?.state === "connected");
			for (const hash of ["sha-256", "sha-384", "sha-512"] as const) {
				const child = spawn("openssl", [
					"x509",
					"-in",
					join(folder, "client.pem"),
					"-noout",
					"-fingerprint",
					`-${hash.replace("-", "")}`,
				]);
				let text = "";
				child.stdout.on("data", (part) => (text += part));
				await once(child, "close");
				assert.equal(peer.session?.fingerprint(hash), text.trim().split("=")[1]);
			}
		}));

	it("takes a hello in fragments", () =>
		withPeer(["-use_srtp", "SRTP_AEAD_AES_128_GCM", "-mtu", "260"], async (peer) => {
			await peer.until(() => peer.session?.state === "connected");
			assert.ok(peer.received.filter((size) => size <= 260).length > 3);
		}));

	it("sends a lost flight again within 200 ms", () =>
		withPeer(
			["-use_srtp", "SRTP_AEAD_AES_128_GCM"],
			async (peer) => {
				await peer.until(() => peer.sent.length > 0);
				const start = performance.now();
				await peer.until(() => peer.session?.state === "connected");
				const waited = performance.now() - start;
				assert.ok(waited > 100 && waited < 600, `${waited} ms`);
			},
			(count) => count === 1,
		));

	it("notices goodbye", () =>
		withPeer(["-use_srtp", "SRTP_AEAD_AES_128_GCM"], async (peer) => {
			await peer.until(() => peer.session?.state === "connected");
			peer.quit();
			await peer.until(() => peer.session?.state === "closed");
		}));

	it("says goodbye", () =>
		withPeer(["-use_srtp", "SRTP_AEAD_AES_128_GCM"], async (peer) => {
			await peer.until(() => peer.output.includes("Verify return code"));
			peer.session?.close();
			peer.session?.close();
			peer.session?.input(new Uint8Array(20));
			await peer.until(() => /closed|read:errno/i.test(peer.output));
		}));

	it("gives no keys to a peer without SRTP", () =>
		withPeer([], async (peer) => {
			await peer.until(() => peer.session?.state === "connected");
			assert.equal(peer.session?.srtp(), undefined);
		}));

	it("survives noise, and refuses too much of it", () => {
		const session = server.accept(() => {});
		let seed = 7;
		const random = () => {
			seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
			return seed >>> 16;
		};
		for (let round = 0; round < 300 && session.state === "handshaking"; round++) {
			const noise = Uint8Array.from({ length: random() % 1_500 }, () => random());
			if (round % 2) noise.set([22, 254, 253].slice(0, noise.length));
			session.input(noise);
		}
		assert.equal(session.state, "failed");
		assert.equal(session.srtp(), undefined);
		session.close();
		assert.equal(server.size, 0);
	});
});
