import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { directionFault, packageOf, placeFault } from "../../scripts/house/rooms.ts";
import { filesOf, type Import, importsOf } from "../../scripts/house/sources.ts";

const isTest = (file: string) => file.endsWith(".test.ts");
const imports = filesOf("src/**/*.ts").flatMap(importsOf);
const manifest: { dependencies: object } = JSON.parse(readFileSync("package.json", "utf8"));

/** For each library that the package depends on: the files of src/ that import it, tests aside. */
function places(all: readonly Import[]): Map<string, string[]> {
	const found = new Map<string, Set<string>>();
	for (const { file, specifier } of all) {
		const library = packageOf(specifier);
		if (!library || isTest(file) || !(library in manifest.dependencies)) continue;
		found.set(library, (found.get(library) ?? new Set()).add(file));
	}
	return new Map([...found].map(([library, files]) => [library, [...files]]));
}

test("a room imports only from rooms below it", () => {
	const ours = imports.filter(({ specifier }) => specifier.startsWith("."));
	assert.ok(ours.length > 0, "no imports found: the reader of imports is broken");
	assert.deepEqual(
		ours.filter(({ file }) => !isTest(file)).flatMap((one) => directionFault(one) ?? []),
		[],
	);
});

test("a library is imported in one place", () => {
	const faults = [...places(imports)].flatMap(([library, files]) => placeFault(library, files) ?? []);
	assert.deepEqual(faults, []);
});

test("the rules find what they forbid", () => {
	const fault = (file: string, specifier: string) => directionFault({ file, line: 1, specifier });
	assert.match(fault("src/wire/rtp.ts", "../hub/hub.ts") ?? "", /goes up$/);
	assert.match(fault("src/protocols/rtsp/server.ts", "../webrtc/server.ts") ?? "", /goes sideways$/);
	assert.match(fault("src/wire/rtp.ts", "../net/udp.ts") ?? "", /goes sideways$/);
	assert.match(fault("src/attic/a.ts", "../net/udp.ts") ?? "", /no room/);
	assert.match(fault("src/net/udp.ts", "../../test/support/peers.ts") ?? "", /out of src/);
	assert.equal(fault("src/access/users.ts", "../media/track.ts"), undefined);
	assert.equal(fault("src/protocols/rtsp/server.ts", "./session.ts"), undefined);
	assert.equal(fault("src/cli/relay.ts", "../relay/relay.ts"), undefined);
	assert.ok(placeFault("koffi", ["src/net/native.ts", "src/net/udp.ts"]));
	assert.ok(placeFault("yaml", ["src/config/load.ts", "src/robot/load.ts"]));
	assert.equal(placeFault("koffi", ["src/net/native.ts"]), undefined);
});
