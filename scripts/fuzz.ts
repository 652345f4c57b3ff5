import { parseArgs } from "node:util";
import { Fuzzer, keep } from "../test/fuzz/fuzzer.ts";
import { targets } from "../test/fuzz/targets.ts";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { inputs: { type: "string", default: "1000000" }, seed: { type: "string" } },
});

const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const names = positionals.length > 0 ? positionals : Object.keys(targets);
await using fuzzer = new Fuzzer();
for (const target of names) {
	const began = performance.now();
	const inputs = Number(values.inputs);
	const { fault, input, slowestMs } = await fuzzer.run({ target, inputs, seed });
	const seconds = ((performance.now() - began) / 1000).toFixed(1);
	const told = fault ?? `slowest ${slowestMs.toFixed(1)} ms`;
	process.stdout.write(`${target}: ${inputs} inputs, seed ${seed}, ${seconds} s: ${told}\n`);
	if (fault === undefined) continue;
	process.exitCode = 1;
	if (input) process.stdout.write(`kept as ${keep(target, input)}\n`);
}
