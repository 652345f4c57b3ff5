import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress, targetOf } from "./url.ts";

const targets = [
	["live", "rtmp://h/live", "stream", "live/stream", ""],
	["live/", "rtmp://h/live/", "/stream", "live/stream", ""],
	["stream", "rtmp://h/stream", "", "stream", ""],
	["a/b", "rtmp://h/a/b", "c", "a/b/c", ""],
	["", "rtmp://h", "camera", "camera", ""],
	["live", "rtmp://h/live", "stream?user=u&pass=p", "live/stream", "u:p"],
	["live?user=u&pass=p", "rtmp://h/live?user=u&pass=p", "stream", "live/stream", "u:p"],
	["live", "rtmp://h/live?user=u&pass=p", "stream", "live/stream", "u:p"],
	["live", "rtmp://h/live", "stream?user=u&pass=p%40ss%2Fw", "live/stream", "u:p@ss/w"],
	["live", "rtmp://h/live", "stream?token=abc", "live/stream", "token abc"],
	["live", "rtmp://h/live", "str%65am", "live/stream", ""],
	["live", "rtmp://h/live", "100%", "live/100%", ""],
] as const;

for (const [app, tcUrl, name, path, login] of targets) {
	test(`RTMP: application "${app}" and name "${name}"`, () => {
		const target = targetOf(app, tcUrl, name);
		const { credentials } = target;
		assert.equal(target.path, path);
		const said =
			credentials.kind === "password"
				? `${credentials.name}:${credentials.password}`
				: credentials.kind === "token"
					? `token ${credentials.token}`
					: "";
		assert.equal(said, login);
	});
}

test("RTMP addresses", () => {
	const plain = parseAddress("rtmp://example.org/live/stream");
	assert.deepEqual(plain, {
		host: "example.org",
		port: 1935,
		tls: false,
		app: "live",
		tcUrl: "rtmp://example.org/live",
		name: "stream",
	});
	const secure = parseAddress("rtmps://u:p%40@[::1]:9/a/b/c?x=1");
	assert.deepEqual([secure.host, secure.port, secure.tls], ["::1", 9, true]);
	assert.deepEqual([secure.app, secure.name], ["a/b", "c?x=1&user=u&pass=p%40"]);
	assert.equal(secure.tcUrl, "rtmps://[::1]:9/a/b");
	assert.equal(parseAddress("rtmps://h/a/b").port, 1936);
	assert.deepEqual([parseAddress("rtmp://h/camera").app, parseAddress("rtmp://h/camera").name], ["camera", ""]);
	for (const wrong of ["", "rtmp://", "rtmp://h", "rtmp://h/", "rtsp://h/a", "no"]) {
		assert.throws(() => parseAddress(wrong), TypeError, wrong);
	}
});
