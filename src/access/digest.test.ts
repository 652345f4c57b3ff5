import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { parseAuthHeader } from "./auth-header.ts";
import { readAuthorization } from "./credentials.ts";
import { answerChallenge, coversUri, digestChallenge, readDigestAnswer, verifyDigest } from "./digest.ts";
import { Nonces } from "./nonces.ts";
import { hashA1 } from "./password.ts";

const request = { method: "GET", uri: "/dir/index.html", cnonce: "", count: 1 };

/** RFC 7616 section 3.9.1. */
const rfc7616 = `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=SHA-256,
 nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
 qop=auth, response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
 opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`.replaceAll("\n", "");

test("RFC 7616's example is verified, and made from its challenge", () => {
	const answer = readDigestAnswer(parseAuthHeader(rfc7616)[0]!)!;
	const ha1 = createHash("sha256").update("Mufasa:http-auth@example.org:Circle of Life").digest("hex");
	assert.equal(verifyDigest(answer, ha1, "GET"), true);
	assert.equal(verifyDigest(answer, ha1, "POST"), false);
	assert.equal(verifyDigest({ ...answer, nc: "00000002" }, ha1, "GET"), false);
	const challenges = ["MD5", "SHA-256"].map((algorithm) =>
		`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm},
 nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`.replaceAll(
			"\n",
			"",
		),
	);
	const made = answerChallenge(challenges, {
		...request,
		name: "Mufasa",
		password: "Circle of Life",
		cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	});
	assert.deepEqual(parseAuthHeader(made!), parseAuthHeader(rfc7616));
});

test("our own challenges are answered in the older form, by the strongest algorithm", () => {
	const client = { ...request, name: 'o"k', password: "secret", method: "DESCRIBE", uri: "rtsp://h:8554/camera" };
	for (const algorithm of ["SHA-256", "MD5"] as const) {
		const offers = ['Basic realm="vedette"', digestChallenge("vedette", "MD5", "n1", false)];
		if (algorithm === "SHA-256") offers.unshift(digestChallenge("vedette", algorithm, "n1", true));
		const header = answerChallenge(offers, client)!;
		const credentials = readAuthorization(header, "DESCRIBE", "rtsp://h:8554/camera/trackID=0");
		assert.equal(credentials.kind, "digest");
		if (credentials.kind !== "digest") return;
		assert.equal(credentials.answer.algorithm, algorithm);
		assert.equal(verifyDigest(credentials.answer, hashA1(algorithm, 'o"k', "secret"), "DESCRIBE"), true);
		assert.equal(verifyDigest(credentials.answer, hashA1(algorithm, 'o"k', "Secret"), "DESCRIBE"), false);
	}
	assert.equal(answerChallenge(["Basic realm=x"], client), `Basic ${btoa('o"k:secret')}`);
	const shy = { ...client, mayShow: () => false };
	assert.equal(answerChallenge(["Basic realm=x"], shy), undefined);
	assert.match(answerChallenge(["Basic realm=x", "Digest realm=x, nonce=y"], shy)!, /^Digest /);
	assert.equal(answerChallenge(["Negotiate", "Digest realm=x, nonce=y, algorithm=SHA-512"], client), undefined);
	assert.equal(answerChallenge([], client), undefined);
});

test("an answer for another address is refused", () => {
	const table: readonly (readonly [string, string, boolean])[] = [
		["rtsp://h/camera", "rtsp://h/camera", true],
		["rtsp://h/camera/", "rtsp://h/camera", true],
		["rtsp://h/camera", "rtsp://h/camera/trackID=1", true],
		["/camera", "rtsp://h/camera", true],
		["rtsp://h/camera", "rtsp://h/camera2", false],
		["rtsp://h/camera/trackID=1", "rtsp://h/camera", false],
		["rtsp://h/other", "rtsp://h/camera", false],
	];
	for (const [answered, asked, covered] of table) assert.equal(coversUri(answered, asked), covered, answered);
});

test("Authorization headers", () => {
	const read = (header?: string) => readAuthorization(header, "GET", "/");
	assert.deepEqual(read(), { kind: "none" });
	assert.deepEqual(read(`Basic ${btoa("a:b:c")}`), { kind: "password", name: "a", password: "b:c" });
	assert.deepEqual(read(`basic ${btoa("a:")}`), { kind: "password", name: "a", password: "" });
	assert.deepEqual(read("Bearer robot1:p,w=d"), { kind: "password", name: "robot1", password: "p,w=d" });
	assert.deepEqual(read("Bearer abc.def"), { kind: "token", token: "abc.def" });
	const bad = [
		"",
		"Basic",
		`Basic ${btoa("nocolon")}`,
		"Bearer",
		"Bearer a b",
		"Digest realm=x",
		"Foo bar",
		"Basic a, Basic b",
		",",
	];
	for (const header of bad) assert.deepEqual(read(header), { kind: "malformed" }, header);
	assert.deepEqual(read(`Basic ${"A".repeat(9000)}`), { kind: "malformed" });
});

test("a header with several challenges is taken apart", () => {
	const found = parseAuthHeader('Digest realm="a, b", nonce=n, Basic realm="x\\"y", Negotiate, NTLM abc==');
	assert.deepEqual(
		found.map(({ scheme, token, parameters }) => [scheme, token, [...parameters]]),
		[
			[
				"digest",
				"",
				[
					["realm", "a, b"],
					["nonce", "n"],
				],
			],
			["basic", "", [["realm", 'x"y']]],
			["negotiate", "", []],
			["ntlm", "abc==", []],
		],
	);
});

test("any header is read without harm and in good time", () => {
	const word = fc.constantFrom(
		"Digest ",
		"Basic ",
		"Bearer ",
		"realm",
		"nonce",
		"=",
		", ",
		'"',
		"\\",
		"a",
		"==",
		" ",
		"\t",
		":",
	);
	const check = (header: string) => {
		const before = performance.now();
		parseAuthHeader(header);
		readAuthorization(header, "GET", "/");
		assert.ok(performance.now() - before < 100, `${header.length} characters took too long`);
	};
	fc.assert(
		fc.property(fc.array(word, { maxLength: 200 }), (words) => check(words.join(""))),
		{ seed: 5, numRuns: 3000 },
	);
	for (const part of [" ", ",", "a=", 'a="\\', "Digest a=b,", "="]) check(`Digest ${part.repeat(8000 / part.length)}`);
});

test("nonces: good here and now, stale later, bad elsewhere or made up", () => {
	const nonces = new Nonces();
	const nonce = nonces.make("192.0.2.1", 1000);
	assert.equal(nonces.check(nonce, "192.0.2.1", 1000), "good");
	assert.equal(nonces.check(nonce, "192.0.2.1", 301_000), "good");
	assert.equal(nonces.check(nonce, "192.0.2.1", 301_001), "stale");
	assert.equal(nonces.check(nonce, "192.0.2.2", 1000), "bad");
	assert.equal(new Nonces().check(nonce, "192.0.2.1", 1000), "bad");
	for (const made of ["", "0".repeat(60), nonce.slice(1), `${nonce}0`]) {
		assert.equal(nonces.check(made, "192.0.2.1", 1000), "bad");
	}
});
