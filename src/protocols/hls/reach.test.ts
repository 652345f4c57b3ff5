import assert from "node:assert/strict";
import { test } from "node:test";
import { networkOf, Reach } from "./reach.ts";

const homes = [
	["127.0.0.1", "this machine"],
	["::ffff:127.0.0.1", "this machine"],
	["::1", "this machine"],
	["0.0.0.0", "this machine"],
	["169.254.169.254", "a cloud's own"],
	["fd00:ec2::254", "a cloud's own"],
	["169.254.7.7", "link-local"],
	["fe80::1", "link-local"],
	["fe80::1%eth0", "link-local"],
	["10.1.2.3", "private (10.0.0.0/8)"],
	["172.31.255.255", "private (172.16.0.0/12)"],
	["172.32.0.1", "public"],
	["192.168.1.5", "private (192.168.0.0/16)"],
	["100.64.0.1", "private (100.64.0.0/10)"],
	["fd12:3456::1", "private (fc00::/7)"],
	["224.0.0.1", "reserved"],
	["203.0.113.5", "public"],
	["2001:db8::5", "public"],
] as const;

test("an address is in one network", () => {
	for (const [address, network] of homes) assert.equal(networkOf(address), network, address);
});

const addresses: readonly [home: string, url: string, isOpen: boolean][] = [
	["203.0.113.5", "http://203.0.113.9:8080/x", true],
	["203.0.113.5", "https://origin.example.org/x", true],
	["203.0.113.5", "http://127.0.0.1:9997/v3/paths/list", false],
	["203.0.113.5", "http://2130706433/", false],
	["203.0.113.5", "http://0x7f.1/", false],
	["203.0.113.5", "http://[::1]/", false],
	["203.0.113.5", "http://[::ffff:127.0.0.1]/", false],
	["203.0.113.5", "http://169.254.169.254/latest/meta-data/", false],
	["203.0.113.5", "http://192.168.1.1/", false],
	["203.0.113.5", "file:///etc/passwd", false],
	["203.0.113.5", "data:text/plain,x", false],
	["203.0.113.5", "ftp://203.0.113.5/x", false],
	["192.168.1.5", "http://192.168.7.7/", true],
	["192.168.1.5", "http://203.0.113.5/", true],
	["192.168.1.5", "http://10.0.0.1/", false],
	["192.168.1.5", "http://127.0.0.1/", false],
	["169.254.1.1", "http://169.254.1.2/", true],
	["169.254.1.1", "http://169.254.169.254/", false],
	["127.0.0.1", "http://127.0.0.2:81/", true],
	["127.0.0.1", "http://192.168.1.1/", false],
];

for (const [home, url, isOpen] of addresses) {
	test(`a source at ${home} ${isOpen ? "leads" : "does not lead"} to ${url}`, () => {
		const reach = new Reach();
		reach.settle(home);
		reach.settle("127.0.0.1");
		const check = (): void => reach.check(new URL(url));
		if (isOpen) check();
		else assert.throws(check, /the source leads to /);
	});
}

const resolve = (reach: Reach, name: string, all: boolean) =>
	new Promise<unknown>((done, fail) =>
		reach.lookup(name, { all }, (error, found) => (error ? fail(error) : done(found))),
	);

test("a name is looked at by what it stands for, at each connection", async () => {
	const reach = new Reach();
	reach.check(new URL("http://localhost/"));
	assert.ok(await resolve(reach, "localhost", false), "the source itself may be anywhere");
	reach.settle("203.0.113.5");
	const refused = /the source leads to localhost, in a network that it is not in itself: this machine/;
	await assert.rejects(resolve(reach, "localhost", true), refused);
	await assert.rejects(resolve(reach, "localhost", false), refused);
	const near = new Reach();
	near.settle("::1");
	const found = (await resolve(near, "localhost", true)) as readonly object[];
	assert.ok(found.length > 0);
});
