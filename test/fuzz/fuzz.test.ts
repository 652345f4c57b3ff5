import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { Fuzzer } from "./fuzzer.ts";
import { targets } from "./targets.ts";

/*
 * A short run of every parser; `npm run fuzz -- TARGET --inputs 1000000` is a long one. Inputs that broke something are
 * in `kept/TARGET` and come first.
 */

const INPUTS = 3000;
const SEED = 20_240_229;

suite("nothing but the parser's own error, in bounded time and memory", { concurrency: false }, () => {
	const fuzzer = new Fuzzer();
	after(() => fuzzer[Symbol.asyncDispose]());
	for (const target of Object.keys(targets)) {
		test(target, async () => {
			const { fault, input } = await fuzzer.run({ target, inputs: INPUTS, seed: SEED });
			assert.equal(fault, undefined, `${fault}\ninput: ${Buffer.from(input ?? []).toString("hex")}`);
		});
	}
});
