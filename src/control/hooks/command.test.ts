import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createLog } from "../../observe/log.ts";
import { Command, type Order } from "./command.ts";
import { Commands } from "./commands.ts";
import { Lines } from "./lines.ts";

/** A log whose lines are objects, and a promise for the first that fits. */
function listen() {
	const lines: Record<string, unknown>[] = [];
	const waiting = new Set<() => void>();
	const log = createLog(
		{ level: "trace", file: "", format: "json" },
		{
			write: (line: string) => {
				lines.push(JSON.parse(line));
				for (const look of waiting) look();
			},
		},
	);
	const seen = (text: string): Promise<Record<string, unknown>> =>
		new Promise((resolve) => {
			const look = () => {
				const found = lines.find(({ msg }) => String(msg).includes(text));
				if (found) resolve(found);
			};
			waiting.add(look);
			look();
		});
	return { log, lines, seen };
}

function shell(script: string, log: Order["log"], restart = false): Command {
	return new Command({ words: ["sh", "-c", script], environment: process.env, restart, log });
}

function lives(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

async function gone(pid: number): Promise<void> {
	while (lives(pid)) await wait(10);
}

test("what a command says is in the log", { timeout: 10_000 }, async () => {
	const { log, lines } = listen();
	await shell("echo one; echo 'two \u001b[31m' >&2; printf three", log).ended;
	assert.deepEqual(
		new Set(lines.map(({ msg }) => msg)),
		new Set(["one", "two  [31m", "three", "the command has ended"]),
	);
});

test("a stopped command ends with all it started, also what does not want to", { timeout: 15_000 }, async () => {
	const { log, seen } = listen();
	const command = shell("trap '' INT; sh -c 'trap \"\" INT; echo $$; exec sleep 100' & wait; sleep 100", log);
	const line = await seen("");
	const child = Number(line.msg);
	assert.ok(lives(child));
	const began = performance.now();
	await command.stop();
	await gone(child);
	assert.ok(performance.now() - began > 2500, "it was asked first");
});

test("what a command leaves behind ends with it", { timeout: 10_000 }, async () => {
	const { log, seen } = listen();
	const command = shell("sleep 100 & echo $!", log);
	const line = await seen("");
	await command.ended;
	await gone(Number(line.msg));
});

test("a command is run again, after growing waits, until it is stopped", { timeout: 10_000 }, async () => {
	const { log, lines, seen } = listen();
	const command = shell("echo again", log, true);
	await seen("is run again");
	await wait(1100);
	await command.stop();
	assert.ok(lines.filter(({ msg }) => msg === "again").length >= 2);
});

test("a program that is not there is told", { timeout: 10_000 }, async () => {
	const { log, lines } = listen();
	const command = new Command({ words: ["/nowhere/x"], environment: process.env, restart: false, log });
	await command.ended;
	assert.match(JSON.stringify(lines), /\/nowhere\/x/);
});

test("no more commands than a number, and none when the relay has ended", { timeout: 10_000 }, async () => {
	const { log, lines } = listen();
	const commands = new Commands(2, log);
	const run = () => commands.run({ name: "runOnRead", command: "sleep 100", restart: true, values: {} });
	const running = [run(), run(), run()];
	assert.deepEqual(
		running.map((one) => one !== undefined),
		[true, true, false],
	);
	assert.match(JSON.stringify(lines), /more than 2 commands/);
	assert.equal(commands.run({ name: "runOnRead", command: 'echo "x', restart: false, values: {} }), undefined);
	await commands.close();
	await Promise.all(running.map((one) => one?.ended));
});

test("lines of the log: their length and number are bounded", () => {
	const { log, lines } = listen();
	const out = new Lines(log);
	out.push(Buffer.from(`${"x".repeat(5000)}\n`), 0);
	for (let n = 0; n < 100; n++) out.push(Buffer.from(`line ${n}\r\n`), 1);
	out.push(Buffer.from("later\n"), 2000);
	out.end(2000);
	assert.equal(String(lines[0]?.msg).length, 1000);
	assert.equal(lines.length, 22);
	assert.equal(lines[20]?.lines, 81);
	assert.equal(lines[21]?.msg, "later");
});
