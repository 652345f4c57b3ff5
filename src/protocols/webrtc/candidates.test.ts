import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { candidateLines, isLocalClient, PublicHosts } from "./candidates.ts";

const local = ["127.0.0.1", "192.0.2.7", "::1", "2001:db8::7", "fe80::1%eth0"];

describe("candidates", () => {
	it("name public hosts first, then our own addresses, over UDP and passive TCP", () => {
		const lines = candidateLines(
			{ publicHosts: ["198.51.100.1", "192.0.2.7"], local },
			{ udp: 8189, tcp: 8189 },
			false,
		);
		assert.deepEqual(lines, [
			"1 1 udp 2130706431 198.51.100.1 8189 typ host",
			"2 1 udp 2130706175 192.0.2.7 8189 typ host",
			"3 1 udp 2130705919 2001:db8::7 8189 typ host",
			"4 1 tcp 1520435199 198.51.100.1 8189 typ host tcptype passive",
			"5 1 tcp 1520434943 192.0.2.7 8189 typ host tcptype passive",
			"6 1 tcp 1520434687 2001:db8::7 8189 typ host tcptype passive",
		]);
	});

	it("name loopback to who is on this machine, or where there is nothing else", () => {
		const addresses = (of: readonly string[], here: boolean) =>
			candidateLines({ publicHosts: [], local: of }, { udp: 1, tcp: undefined }, here).map(
				(line) => line.split(" ")[4],
			);
		assert.deepEqual(addresses(local, true), ["127.0.0.1", "192.0.2.7", "::1", "2001:db8::7"]);
		assert.deepEqual(addresses(["127.0.0.1"], false), ["127.0.0.1"]);
		assert.ok(isLocalClient("::ffff:127.0.0.1") && isLocalClient("::1") && !isLocalClient("192.0.2.7"));
	});

	it("of any addresses are lines as RFC 8839 has them, each its own, best first", () => {
		const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom(...local));
		const some = fc.array(address, { maxLength: 12 });
		const port = fc.integer({ min: 1, max: 65_535 });
		fc.assert(
			fc.property(
				some,
				some,
				port,
				fc.option(port, { nil: undefined }),
				fc.boolean(),
				(publicHosts, own, udp, tcp, here) => {
					const lines = candidateLines({ publicHosts, local: own }, { udp, tcp }, here);
					const hosts = new Set([...publicHosts, ...own]);
					const parsed = lines.map((line) => {
						const found = /^(\d+) 1 (udp|tcp) (\d+) (\S+) (\d+) typ host( tcptype passive)?$/.exec(line);
						assert.ok(found, line);
						const [, foundation, transport, priority, ip, at, passive] = found;
						assert.ok(hosts.has(ip!));
						assert.equal(Number(at), transport === "udp" ? udp : tcp);
						assert.equal(passive !== undefined, transport === "tcp");
						return { foundation, priority: Number(priority) };
					});
					assert.equal(new Set(parsed.map((one) => one.foundation)).size, lines.length);
					assert.ok(parsed.every(({ priority }, i) => priority < (parsed[i - 1]?.priority ?? 2 ** 31) && priority > 0));
				},
			),
			{ seed: 23, numRuns: 10_000 },
		);
	});

	it("take any text for an address of a client", () => {
		fc.assert(
			fc.property(fc.string(), (text) => assert.equal(typeof isLocalClient(text), "boolean")),
			{ seed: 24, numRuns: 10_000 },
		);
	});

	it("resolve names", async () => {
		const hosts = await PublicHosts.resolve(["198.51.100.1", "localhost"], assert.fail);
		assert.equal(hosts.addresses[0], "198.51.100.1");
		assert.ok(hosts.addresses.some((address) => isLocalClient(address)));
		hosts.close();
	});

	it("tell which have no address, do not wait for a name server that is away, and have the address once it answers", async () => {
		const answer = Promise.withResolvers<readonly { readonly address: string }[]>();
		const told: string[] = [];
		const hosts = await PublicHosts.resolve(
			["relay.example.org", "gone.example.org", "198.51.100.1"],
			(name, reason) => told.push(`${name}: ${reason}`),
			(name) => (name.startsWith("gone") ? Promise.reject(new Error("ENOTFOUND")) : answer.promise),
		);
		assert.deepEqual(hosts.addresses, ["198.51.100.1"]);
		answer.resolve([{ address: "192.0.2.7" }]);
		await answer.promise;
		assert.deepEqual(hosts.addresses, ["192.0.2.7", "198.51.100.1"]);
		assert.deepEqual(told, ["gone.example.org: ENOTFOUND"]);
		hosts.close();
	});
});
