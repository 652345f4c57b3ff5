import assert from "node:assert/strict";
import { test } from "node:test";
import { applyFragment, fragment, iceServersOf, isLite, withoutTcp } from "./sdp.ts";

const answer = [
	"v=0",
	"a=ice-lite",
	"m=video 9 UDP/TLS/RTP/SAVPF 102",
	"a=mid:0",
	"a=ice-ufrag:old",
	"a=ice-pwd:oldpassword",
	"a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host",
	"a=end-of-candidates",
	"m=audio 9 UDP/TLS/RTP/SAVPF 111",
	"a=mid:1",
	"a=ice-ufrag:old",
	"a=ice-pwd:oldpassword",
	"",
].join("\r\n");

test("tells an ICE-lite peer", () => {
	assert.equal(isLite(answer), true);
	assert.equal(isLite(answer.replace("a=ice-lite\r\n", "")), false);
	assert.equal(isLite("s=a=ice-lite\r\n"), false);
});

test("a fragment carries credentials, the first section and candidates", () => {
	const candidate = "candidate:1 1 udp 1 198.51.100.2 5000 typ host";
	assert.equal(
		fragment(answer, [candidate]),
		`a=ice-ufrag:old\r\na=ice-pwd:oldpassword\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:0\r\na=${candidate}\r\n`,
	);
});

test("a restart replaces credentials and candidates in every section", () => {
	const restart =
		"a=ice-lite\r\na=ice-ufrag:new\r\na=ice-pwd:newpassword\r\na=candidate:2 1 udp 1 192.0.2.9 8189 typ host\r\n";
	const sdp = applyFragment(answer, restart) ?? "";
	assert.equal(sdp.match(/a=ice-ufrag:new\r\n/g)?.length, 2);
	assert.equal(sdp.match(/a=ice-pwd:newpassword\r\n/g)?.length, 2);
	assert.equal(sdp.match(/192\.0\.2\.9/g)?.length, 2);
	assert.doesNotMatch(sdp, /old|192\.0\.2\.1 |end-of-candidates/);
	assert.ok(sdp.endsWith("\r\n"));
});

test("a fragment without credentials is no restart", () => {
	assert.equal(applyFragment(answer, "a=ice-ufrag:x\r\n"), null);
});

test("without TCP only candidates for it go", () => {
	const udp = "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host\r\n";
	const tcp = "a=candidate:2 1 TCP 1694498815 192.0.2.1 8189 typ host tcptype passive\r\n";
	const sdp = `m=video 9 TCP/TLS/RTP/SAVPF 96\r\n${udp}${tcp}a=end-of-candidates\r\n`;
	assert.equal(withoutTcp(sdp), sdp.replace(tcp, ""));
});

const links: readonly [name: string, header: string | null, servers: RTCIceServer[]][] = [
	["no header", null, []],
	["a STUN server", '<stun:stun.example.org:3478>; rel="ice-server"', [{ urls: "stun:stun.example.org:3478" }]],
	[
		"TURN servers, commas inside, other links between",
		'<turn:a.example?transport=udp>; rel="ice-server"; username="u,1"; credential="p;=2"; credential-type="password", </x>; rel=next, <turns:b.example>;rel=ice-server; username=v; credential="w"',
		[
			{ urls: "turn:a.example?transport=udp", username: "u,1", credential: "p;=2" },
			{ urls: "turns:b.example", username: "v", credential: "w" },
		],
	],
	["an address that does not end", '<stun:x; rel="ice-server"', []],
];

for (const [name, header, servers] of links) {
	test(`Link: ${name}`, () => assert.deepEqual(iceServersOf(header), servers));
}
