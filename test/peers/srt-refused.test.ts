import assert from "node:assert/strict";
import { test } from "node:test";
import { openSrtClient } from "../../src/protocols/srt/client.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { run } from "./rtsp-programs.ts";

const secret = "a-long-passphrase";

/** A relay with a path of which all is encrypted, and users who may do one thing each. */
function open(): Promise<TestRelay> {
	const users = [
		{ name: "robot", password: "secret1", allow: ["publish"] },
		{ name: "viewer", password: "secret2", allow: ["read"] },
	];
	const paths = { locked: { srtPublishPassphrase: secret, srtReadPassphrase: secret }, all_others: {} };
	return startTestRelay({ access: { anonymous: [], users }, paths });
}

/** What the relay answers: the reason, with SRT's code. Empty where it lets the caller in. */
async function answer({ srtUrl }: TestRelay, query: string): Promise<string> {
	const stop = new AbortController();
	const options = { url: `${srtUrl}?${query}`, signal: stop.signal, now: () => performance.now(), onData: () => {} };
	try {
		await openSrtClient(options);
		return "";
	} catch (error) {
		return error instanceof Error ? error.message : `${error}`;
	} finally {
		stop.abort();
	}
}

const refusals = [
	["streamid=nonsense", "the stream id is not understood (SRT rejection 1400)"],
	["streamid=publish:a/../b:robot:secret1", "the stream id is not understood (SRT rejection 1400)"],
	["streamid=read:camera", "the login is wrong (SRT rejection 1401)"],
	["streamid=read:camera:viewer:wrong", "the login is wrong (SRT rejection 1401)"],
	["streamid=publish:camera:viewer:secret2", "this is not allowed (SRT rejection 1403)"],
	["streamid=%23!::m=publish,r=camera,u=viewer,s=secret2", "this is not allowed (SRT rejection 1403)"],
	["streamid=read:camera:viewer:secret2", "there is no such stream (SRT rejection 1404)"],
	["streamid=%23!::r=camera,u=viewer,s=secret2", "there is no such stream (SRT rejection 1404)"],
	["streamid=publish:locked:robot:secret1", "a passphrase is wanted, or none (SRT rejection 11)"],
	["streamid=publish:locked:robot:secret1&passphrase=not+this+one", "the passphrase is wrong (SRT rejection 10)"],
	[`streamid=publish:camera:robot:secret1&passphrase=${secret}`, "a passphrase is wanted, or none (SRT rejection 11)"],
] as const;

test("who is refused hears the code of the reason; both forms of stream ids", async () => {
	await using relay = await open();
	for (const [query, reason] of refusals) assert.equal(await answer(relay, query), reason, query);
	assert.equal(await answer(relay, "streamid=publish:camera:robot:secret1"), "");
	assert.equal(await answer(relay, "streamid=%23!::m=publish,r=camera,u=robot,s=secret1"), "");
	assert.equal(await answer(relay, `streamid=publish:locked:robot:secret1&passphrase=${secret}`), "");
});

test("a crowd with a wrong passphrase holds up nobody", async () => {
	await using relay = await open();
	const wrong = "streamid=publish:locked:robot:secret1&passphrase=not+this+one&pbkeylen=32";
	const crowd = Promise.all(Array.from({ length: 60 }, () => answer(relay, wrong)));
	const began = performance.now();
	assert.equal(await answer(relay, "streamid=publish:camera:robot:secret1"), "");
	assert.ok(performance.now() - began < 3000, `${performance.now() - began} ms`);
	assert.ok((await crowd).every((reason) => reason === "the passphrase is wrong (SRT rejection 10)"));
});

test("libsrt hears it too: a wrong passphrase, and rendezvous", { timeout: 30_000 }, async (t) => {
	if (!needs(t, "srt-live-transmit")) return;
	await using relay = await open();
	const said = async (query: string): Promise<string> => {
		const url = `${relay.srtUrl}?${query}`;
		await using program = run("srt-live-transmit", ["-a:no", "-loglevel:note", "-t:5", url, "file://con"]);
		await program.exit(10_000);
		return program.text() + program.output();
	};
	assert.match(
		await said("streamid=read:locked:viewer:secret2&passphrase=not+this+one"),
		/BADSECRET|[Ww]rong|[Ii]ncorrect/,
	);
	// Such a caller takes the same port of another address.
	assert.match(await said("mode=rendezvous&adapter=127.0.0.2"), /REJECT reported from HS processing: Rogue peer/);
});
